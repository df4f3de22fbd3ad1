"use strict";

// Keys on a list of tracks: j k move, space plays, l keeps, x skips, u undoes, Enter or w says why, / searches, ? helps.

(() => {
  const CHOSEN = "[type=range], [type=checkbox], [type=radio]"; // letters mean nothing to these
  const FIELDS = `input:not(${CHOSEN}), select, textarea, [contenteditable]`;
  const PRESSED_BY_SPACE = "a, button, summary, [role=button]";

  const rows = () => [...document.querySelectorAll(".tracks .track")];
  const current = () => document.activeElement?.closest(".track") ?? document.querySelector(".track.current");

  const ACTIONS = {
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    l: () => press("keep"),
    x: () => press("skip"),
    u: () => htmx.ajax("POST", "/verdicts/undo", { swap: "none" }),
    w: why,
    Enter: why,
    " ": play,
    "/": search,
    "?": () => document.getElementById("keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const action = ACTIONS[event.key];
    if (!action || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return;
    if (!document.querySelector(".tracks") || document.querySelector("dialog[open]")) return;
    if (event.target.matches("[type=search]") && event.key === "ArrowDown") {
      event.preventDefault();
      rows()[0]?.focus();
    }
    if (event.target.closest(FIELDS)) return;
    if (event.target.matches(CHOSEN) && (event.key === " " || event.key.length > 1)) return;
    if ([" ", "Enter"].includes(event.key) && event.target.closest(PRESSED_BY_SPACE)) return;
    if (event.key.startsWith("Arrow") && !current()) return; // the page scrolls until a row was chosen
    event.preventDefault();
    if (event.repeat && !["j", "k", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    action();
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest(".track");
    if (!row) return;
    for (const other of document.querySelectorAll(".track.current")) other.classList.remove("current");
    row.classList.add("current");
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });

  /** Go to another row; near the end of what is loaded the rest is asked for. */
  function move(step) {
    const all = rows();
    const at = all.indexOf(current());
    const row = at < 0 ? all[0] : all[at + step];
    if (row) {
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
    if (step > 0 && at >= all.length - 3) {
      document.querySelector("[hx-trigger*=revealed]")?.scrollIntoView({ block: "end" });
      row?.scrollIntoView({ block: "nearest" });
    }
  }

  /** Give a verdict on the current row; one that it has already stays. */
  function press(word) {
    const button = current()?.querySelector(`.verdicts .${word}`);
    if (button && button.getAttribute("aria-pressed") !== "true") button.click();
  }

  function why() {
    const details = current()?.querySelector("details.why");
    if (details) details.open = !details.open;
  }

  function play() {
    const row = current();
    if (row) document.dispatchEvent(new CustomEvent("earmark:play", { detail: row }));
  }

  function search() {
    const field = document.querySelector("input[type=search]");
    if (field && !field.checkVisibility()) document.querySelector("[data-unfolds]")?.click();
    field?.focus();
  }
})();
