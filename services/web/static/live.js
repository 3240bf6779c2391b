// Keeps the part of a page that says how planning goes as new as the school's record.
"use strict";

const region = document.querySelector("[data-live]");
if (region && window.EventSource) {
  const source = new EventSource(region.dataset.live);
  let asking = false;
  let again = false;
  // htmx drops what comes while two requests wait, so a change told meanwhile is asked for after.
  async function ask() {
    again = true;
    if (asking) return;
    asking = true;
    try {
      while (again) {
        again = false;
        for (const { id } of document.querySelectorAll("[data-live], [data-live-too]")) {
          const part = `#${id}`;
          await window.htmx?.ajax("GET", location.href, { target: part, select: part, swap: "outerMorph" });
        }
      }
    } finally {
      asking = false;
    }
  }
  // Asked at the first event too: something may have changed since the page was made.
  source.addEventListener("changed", ask);
  source.addEventListener("over", () => source.close());
  window.addEventListener("pagehide", () => source.close());
}
