"use strict";

// A verdict has been given: its row says so; where tracks are asked about, the next one slides in.

(() => {
  const ROW = ".track";
  let turn = Promise.resolve();

  const SAID_MS = 20000;

  document.addEventListener("htmx:load", (event) => {
    const buttons = event.target;
    if (!(buttons instanceof Element)) return;
    if (buttons.matches(".said")) window.setTimeout(() => buttons.contains(document.activeElement) || buttons.remove(), SAID_MS);
    if (!buttons.matches(".verdicts")) return;
    const row = buttons.closest(ROW);
    if (!row) return;
    row.dataset.verdict = buttons.dataset.verdict;
    document.body.dispatchEvent(new CustomEvent("earmark:verdict"));
    const asked = row.closest("[data-ask]");
    if (asked && buttons.dataset.verdict) answered(asked, row);
  });

  document.addEventListener("earmark:said", (event) => refresh(event.detail.tracks));

  document.addEventListener("earmark:undone", (event) => {
    const asked = document.querySelector("[data-ask]");
    if (asked) askAgain(asked, event.detail.track);
    else refresh(event.detail.tracks);
  });

  /** The buttons of tracks anew: one recording may be on the page under several ids. */
  function refresh(tracks) {
    for (const row of document.querySelectorAll(ROW)) {
      const buttons = tracks.includes(row.dataset.track) && row.querySelector(".verdicts");
      if (!buttons) continue;
      const query = `list=${encodeURIComponent(row.dataset.list)}&track=${encodeURIComponent(row.dataset.track)}`;
      htmx.ajax("GET", `/verdicts/buttons?${query}`, { source: buttons, target: buttons, swap: "outerHTML" });
    }
  }

  /** The questions anew, beginning with the track whose answer was undone. */
  function askAgain(asked, track) {
    const had = asked.contains(document.activeElement) || document.activeElement === document.body;
    const query = `${asked.dataset.query}&first=${encodeURIComponent(track)}`;
    inTurn(async () => {
      await htmx.ajax("GET", `/ask/batch?${query}`, { source: asked, target: asked, swap: "innerHTML" });
      if (had) asked.querySelector(ROW)?.focus();
      ending(asked);
    });
  }

  /** Take an answered row away, keep the focus in the list, and fetch one more. */
  function answered(asked, row) {
    const focused = row.contains(document.activeElement);
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    if (focused && next) next.focus();
    inTurn(async () => {
      const shown = [...asked.querySelectorAll(ROW)].map((one) => `&shown=${encodeURIComponent(one.dataset.track)}`);
      const missing = Number(asked.dataset.size) - shown.length;
      if (missing <= 0) return;
      const query = `${asked.dataset.query}&n=${missing}${shown.join("")}`;
      await htmx.ajax("GET", `/ask/next?${query}`, { source: asked, target: asked, swap: "beforeend" });
      if (focused && !next) asked.querySelector(ROW)?.focus();
      ending(asked);
    });
  }

  /** One after the other: what is asked next depends on what is on the page. */
  function inTurn(step) {
    turn = turn.then(step, step);
  }

  /** Say so where nothing is left to ask about. */
  function ending(asked) {
    document.getElementById("ask-end").hidden = asked.querySelector(ROW) !== null;
  }
})();
