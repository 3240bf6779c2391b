// Dragging a session's card to another room of the same block; each card's page does the same.
"use strict";

function post(address, fields) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

const board = document.querySelector("#board[data-plan]");
if (board) {
  for (const cell of board.querySelectorAll("td[data-room]")) {
    new Sortable(cell, {
      group: cell.dataset.block,
      handle: ".handle",
      animation: 120,
      onEnd: ({ from, to, item }) => {
        if (from === to) return;
        post(`${board.dataset.plan}/room`, {
          csrf: document.querySelector("input[name=csrf]").value,
          etag: board.dataset.etag,
          session: item.dataset.session,
          room: to.dataset.room,
        });
      },
    });
  }
}
