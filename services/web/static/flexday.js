// Pages work without this file; it opens linked pages in a dialog instead of going to them.
"use strict";

function openDialog(dialog, part) {
  dialog.replaceChildren(part);
  window.htmx?.process(dialog);
  dialog.showModal();
}

async function showInDialog(link, dialog) {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = page.querySelector("[data-for-dialog]");
  if (!answer.ok || answer.redirected || !part) {
    location.assign(link.href);
    return;
  }
  openDialog(dialog, document.adoptNode(part));
}

document.addEventListener("click", (event) => {
  const closer = event.target.closest("dialog [data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
    return;
  }
  const link = event.target.closest("a[data-dialog]");
  const dialog = document.getElementById("dialog");
  const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.button);
  if (link && dialog && plain) {
    event.preventDefault();
    showInDialog(link, dialog).catch(() => location.assign(link.href));
  }
});
