"use strict";

// What every view shares: the token that changes need, faults and messages in words, a request from a script.

(() => {
  const token = () => document.querySelector('meta[name="csrf-token"]').content;
  const MESSAGE_MS = 8000;

  /** Show a message, or a fault, for a while; text only. */
  function say(text, { hint = "", fault = false } = {}) {
    const box = document.createElement("div");
    box.className = fault ? "fault" : "notice";
    for (const line of [text, hint].filter(Boolean)) {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      box.append(paragraph);
    }
    document.getElementById("messages").replaceChildren(box);
    window.setTimeout(() => box.remove(), fault ? 2 * MESSAGE_MS : MESSAGE_MS);
  }

  /** Send JSON and get JSON; a fault is shown and thrown. */
  async function send(method, url, body) {
    const request = { method, headers: { "X-CSRF-Token": token(), Accept: "application/json" }, credentials: "same-origin" };
    if (body instanceof FormData) {
      request.body = body;
    } else if (body !== undefined) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(url, request);
    } catch {
      unreachable();
      throw new Error("the page cannot be reached");
    }
    const said = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (answer.ok) return said;
    const { error = `the page answered ${answer.status}`, hint = "" } = said || {};
    say(error, { hint, fault: true });
    throw new Error(error);
  }

  function unreachable() {
    say("The page cannot be reached.", { hint: "Is 'earmark page' still running in its terminal?", fault: true });
  }

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = token();
  });

  // htmx does not swap answers of 4xx and 5xx in: their words are shown as a message.
  document.addEventListener("htmx:responseError", (event) => {
    const parsed = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const [text, hint] = [...parsed.querySelectorAll(".fault p")].map((line) => line.textContent.trim());
    say(text || `The page answered ${event.detail.xhr.status}.`, { hint, fault: true });
  });

  document.addEventListener("htmx:sendError", unreachable);

  window.earmark = Object.freeze({ say, send });
})();
