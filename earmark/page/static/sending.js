"use strict";

// Sending: refusals are shown where the outcome would stand, and a playlist that is chosen becomes a list to rank.

(() => {
  const inPlace = (target) => target instanceof Element && target.matches('#plan, [hx-get="/playlists"]');

  // Why Spotify refuses, and what to do about it, must not vanish as a message does.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!inPlace(event.detail.target) || event.detail.xhr.status < 400) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "plan") event.detail.target.focus();
  });

  /** Fetch a playlist and go to its ranking; the buttons wait meanwhile. */
  async function rank(box, playlist) {
    const state = box.querySelector("[data-playlist-state]");
    const buttons = box.querySelectorAll("button");
    state.textContent = "Fetching the playlist and how its tracks sound…";
    for (const button of buttons) button.disabled = true;
    try {
      const list = await window.earmark.send("POST", "/api/v1/lists/playlist", { playlist });
      window.location.assign(`/?list=${encodeURIComponent(list.list_id)}`);
    } catch {
      state.textContent = "";
      for (const button of buttons) button.disabled = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-playlist]");
    if (button) rank(button.closest(".playlists"), button.dataset.playlist);
  });

  document.addEventListener("submit", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-playlist-form]")) return;
    event.preventDefault();
    rank(event.target.closest(".playlists"), new FormData(event.target).get("playlist"));
  });
})();
