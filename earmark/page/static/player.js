"use strict";

// One player for the whole page: Spotify's own, in a frame that is made when something is first played, and not before.

(() => {
  const SPOTIFY = "https://open.spotify.com";
  const SPOTIFY_ID = /^[0-9A-Za-z]{22}$/;
  const UNREACHABLE = "Spotify cannot be reached.";

  const dock = document.getElementById("player");
  if (!dock) return;
  const words = dock.querySelector(".player-words");
  const place = dock.querySelector(".player-frame");
  let frame = null;
  let playing = "";
  let ready = false;
  let timer = 0;

  document.addEventListener("earmark:play", (event) => play(event.detail));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    if (button) play(button.closest(".track"));
  });

  dock.querySelector("#player-close").addEventListener("click", () => {
    stop();
    dock.hidden = true;
    document.querySelector(".track.current")?.focus();
  });

  window.addEventListener("message", (event) => {
    if (event.origin !== SPOTIFY || !frame || event.source !== frame.contentWindow) return;
    if (event.data?.type === "ready" && !ready) {
      ready = true;
      window.clearTimeout(timer);
      toggle();
    }
  });

  /** Play a row's track, or pause it where it is the one that plays. */
  function play(row) {
    const track = row.dataset.track;
    const title = row.querySelector(".title")?.textContent.trim() || track;
    if (track === playing && ready) {
      toggle();
      return;
    }
    stop();
    dock.hidden = false;
    row.scrollIntoView({ block: "nearest" }); // the dock may have come over it
    if (row.dataset.list === "demo") {
      words.textContent = `${title}: the demo's tracks are invented, there is nothing to play.`;
    } else if (!SPOTIFY_ID.test(track)) {
      words.textContent = `${title}: this track has no Spotify id.`;
    } else if (!navigator.onLine) {
      words.textContent = UNREACHABLE;
    } else {
      load(track, title);
    }
  }

  function load(track, title) {
    playing = track;
    words.textContent = title;
    frame = document.createElement("iframe");
    frame.title = `Spotify's player: ${title}`;
    frame.allow = "autoplay; encrypted-media; clipboard-write";
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    frame.referrerPolicy = "no-referrer";
    frame.src = `${SPOTIFY}/embed/track/${track}`;
    timer = window.setTimeout(() => {
      stop();
      words.textContent = UNREACHABLE;
    }, Number(dock.dataset.waitMs));
    place.replaceChildren(frame);
  }

  function toggle() {
    frame.contentWindow.postMessage({ command: "toggle" }, SPOTIFY);
  }

  function stop() {
    window.clearTimeout(timer);
    place.replaceChildren();
    frame = null;
    playing = "";
    ready = false;
  }
})();
