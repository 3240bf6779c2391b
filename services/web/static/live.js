// Keeps the part of a page that says how planning goes as new as the school's record.
"use strict";

const region = document.querySelector("[data-live]");
if (region && window.EventSource) {
  const source = new EventSource(region.dataset.live);
  let first = true;
  source.addEventListener("changed", () => {
    if (!first) {
      for (const { id } of document.querySelectorAll("[data-live], [data-live-too]")) {
        const part = `#${id}`;
        window.htmx?.ajax("GET", location.href, { target: part, select: part, swap: "outerMorph" });
      }
    }
    first = false;
  });
  source.addEventListener("over", () => source.close());
  window.addEventListener("pagehide", () => source.close());
}
