"use strict";

// The ranking: short addresses, the slider, files that are dropped, removing a list. All by delegation: htmx may replace
// any part of the page, and all of it when somebody goes back.

(() => {
  const DEFAULTS = { list: "demo", model: "champion", sort: "like_probability" };
  const CUTS = { precision: "min_precision", top: "top" };

  /** Which of a form's entries say nothing: empty ones, defaults, cuts that were not chosen. */
  function idle(name, value, by) {
    if (name === "by" || value === "" || DEFAULTS[name] === value) return true;
    return Object.values(CUTS).includes(name) && CUTS[by] !== name;
  }

  const chosenCut = (form) => form.querySelector('input[name="by"]:checked')?.value;

  document.addEventListener("formdata", (event) => {
    if (event.target.id !== "asked") return;
    const by = chosenCut(event.target);
    for (const [name, value] of [...event.formData.entries()]) {
      if (idle(name, value, by)) event.formData.delete(name);
    }
  });

  // The slider itself is among what htmx sends for it, whatever the form leaves out.
  document.addEventListener("htmx:configRequest", (event) => {
    const form = document.getElementById("asked");
    if (!form || !form.contains(event.detail.elt)) return;
    const by = chosenCut(form);
    for (const [name, value] of Object.entries(event.detail.parameters)) {
      if (idle(name, value, by)) delete event.detail.parameters[name];
    }
  });

  // Before htmx hears of it: a slider that is moved is the cut that is meant.
  document.addEventListener(
    "input",
    (event) => {
      const slider = event.target;
      if (!slider.dataset || !slider.dataset.by) return;
      document.querySelector(`#asked input[name="by"][value="${slider.dataset.by}"]`).checked = true;
      const shown = slider.name === "top" ? slider.value : `${Math.round(100 * slider.value)}\u00a0%`;
      slider.parentElement.querySelector("output").textContent = shown;
      slider.setAttribute("aria-valuetext", shown);
    },
    true,
  );

  // Another list or ranker is another page.
  document.addEventListener(
    "change",
    (event) => {
      if (event.target.dataset?.goes !== undefined) {
        event.stopPropagation();
        event.target.form.submit();
      } else if (event.target.id === "file") {
        event.stopPropagation();
        if (event.target.files.length) add(event.target.files[0]);
      }
    },
    true,
  );

  /** On a narrow screen the choices are folded away until they are asked for. */
  function unfold(shown) {
    document.querySelector(".rank-view").classList.toggle("unfolded", shown);
    document.querySelector("[data-unfolds]").setAttribute("aria-expanded", String(shown));
  }

  async function add(file) {
    const state = document.getElementById("adding");
    state.closest("details").open = true;
    unfold(true);
    state.textContent = `Reading ${file.name}…`;
    const body = new FormData();
    body.append("file", file);
    try {
      const made = await window.earmark.send("POST", "/api/v1/lists", body);
      go(made.list_id);
    } catch (error) {
      state.textContent = error.message;
      document.getElementById("file").value = "";
    }
  }

  /** The page of a list, with the ranker that is chosen. */
  function go(list) {
    const address = new URLSearchParams();
    if (list) address.set("list", list);
    const model = document.getElementById("model").value;
    if (model !== DEFAULTS.model) address.set("model", model);
    window.location.assign(`/?${address}`);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-unfolds]");
    if (button) unfold(button.getAttribute("aria-expanded") !== "true");
  });

  document.addEventListener("click", async (event) => {
    const list = event.target.dataset?.remove;
    if (!list) return;
    await window.earmark.send("DELETE", `/api/v1/lists/${encodeURIComponent(list)}`);
    go("");
  });

  const holdsFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files") && document.getElementById("drop"));

  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });

  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });

  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) add(event.dataTransfer.files[0]);
  });
})();
