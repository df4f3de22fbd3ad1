"use strict";

// The view /train: starts and cancels trains, and shows what the stream of a running one tells.

(() => {
  const ENDS = ["finished", "failed", "cancelled"];
  const byId = (id) => document.getElementById(id);
  const number = (id) => (byId(id).value === "" ? null : Number(byId(id).value));
  const shown = (value) => (value === null ? "–" : value.toFixed(4));
  let stream = null;
  let ticking = 0;

  // The form

  function options(form) {
    const budget = form.elements.budget.value;
    const boxes = [...form.querySelectorAll("[name=models]")];
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!chosen.length) throw new RangeError("choose at least one family");
    return {
      source: byId("train-source").value,
      models: chosen.length === boxes.length ? [] : chosen,
      budget_s: budget === "other" ? number("train-seconds") : budget === "" ? null : Number(budget),
      trials: number("train-trials"),
      split: form.elements.split.value,
      metric: byId("train-metric").value,
      min_precision: number("train-precision"),
      seed: number("train-seed"),
      jobs: number("train-jobs"),
      use_tracks_without_features: byId("train-unheard").checked,
      page_verdicts: byId("train-verdicts").checked,
      catalogue: byId("train-catalogue").value || null,
    };
  }

  async function start(event) {
    event.preventDefault();
    const button = event.target.querySelector("[type=submit]");
    button.disabled = true;
    try {
      await earmark.send("POST", "/api/v1/trains", options(event.target));
      await refresh({ focus: true });
    } catch (error) {
      if (error instanceof RangeError) earmark.say(error.message, { fault: true });
    } finally {
      button.disabled = false;
    }
  }

  async function addTable() {
    const file = byId("table-file").files[0];
    if (!file) {
      earmark.say("choose a file first", { fault: true });
      return;
    }
    const form = new FormData();
    form.append("file", file);
    form.append("label", byId("table-label").value);
    const said = byId("table-said");
    said.textContent = "reading the table";
    try {
      const table = await earmark.send("POST", "/api/v1/tables", form);
      const { name, title, summary } = table.source;
      const select = byId("train-source");
      if (![...select.options].some((option) => option.value === name)) select.add(new Option(title, name));
      select.value = name;
      said.replaceChildren(...[`${title}: ${summary}`, ...table.notes].map(paragraph));
    } catch {
      said.textContent = "";
    }
  }

  function paragraph(text) {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }

  function spendingIsChosen() {
    const budget = byId("train-form").elements.budget.value;
    const alone = budget === "";
    byId("train-seconds").disabled = budget !== "other";
    byId("train-trials").required = alone;
    if (alone) byId("train-options").open = true;
  }

  // The train

  async function refresh({ focus = false } = {}) {
    await htmx.ajax("GET", "/train/job", { target: "#job", swap: "innerHTML" });
    byId("train-form").hidden = byId("running") !== null;
    if (focus) byId("job").querySelector("h2")?.focus();
    watch();
  }

  function watch() {
    stream?.close();
    window.clearInterval(ticking);
    const panel = byId("running");
    if (!panel) return;
    const state = { panel, read: panel.dataset.read === "yes", began: performance.now() - 1000 * Number(panel.dataset.elapsed) };
    byId("cancel-open").addEventListener("click", () => byId("cancel-dialog").showModal());
    byId("cancel-no").addEventListener("click", () => byId("cancel-dialog").close());
    byId("cancel-yes").addEventListener("click", () => cancel(panel.dataset.job));
    stream = new EventSource(`/api/v1/trains/${panel.dataset.job}/events?after=${panel.dataset.lastEvent}`);
    for (const kind of ["started", "read", "said", "progress"]) {
      stream.addEventListener(kind, (event) => happened(state, JSON.parse(event.data)));
    }
    for (const kind of ENDS) stream.addEventListener(kind, ended);
    ticking = window.setInterval(() => tick(state), 1000);
  }

  function happened(state, event) {
    if (event.kind === "read") {
      state.read = true;
      state.began = performance.now();
      byId("train-read").hidden = false;
      byId("train-read").querySelector("ul").replaceChildren(
        ...event.lines.map((line) => {
          const item = document.createElement("li");
          item.textContent = line;
          return item;
        }),
      );
    }
    const stage = byId("train-stage");
    if (stage.textContent !== event.stage) stage.textContent = event.stage;
    if (event.standing) standing(state.panel, event.standing);
    tick(state);
  }

  function standing(panel, found) {
    const body = byId("leaderboard").tBodies[0];
    const row = [...body.rows].find((candidate) => candidate.dataset.family === found.name);
    if (!row) return;
    row.dataset.best = found.best === null ? "" : String(found.best);
    [String(found.trials), shown(found.last), shown(found.best)].forEach((text, place) => {
      row.cells[place + 1].textContent = text;
    });
    const sign = panel.dataset.lowerIsBetter === "yes" ? 1 : -1;
    const key = (entry) => (entry.dataset.best === "" ? Infinity : sign * Number(entry.dataset.best));
    const order = [...body.rows].sort((one, other) => key(one) - key(other) || 0);
    if (order.some((entry, place) => entry !== body.rows[place])) body.append(...order);
  }

  function tick({ panel, read, began }) {
    const progress = byId("train-progress");
    if (!progress) return;
    const budget = Number(panel.dataset.budget);
    if (budget) {
      if (!read) return;
      const elapsed = (performance.now() - began) / 1000;
      progress.value = Math.min(elapsed / budget, 1);
      byId("train-clock").textContent = elapsed < budget ? `${elapsed.toFixed(0)} of ${budget} s` : `${budget} s are over: it ends soon`;
    } else {
      const asked = Number(panel.dataset.trials);
      const rows = [...byId("leaderboard").tBodies[0].rows];
      const done = rows.reduce((sum, row) => sum + Math.min(Number(row.cells[1].textContent), asked), 0);
      progress.value = done / (asked * rows.length);
    }
  }

  async function cancel(job) {
    byId("cancel-dialog").close();
    const button = byId("cancel-open");
    button.disabled = true;
    button.textContent = "Cancelling";
    try {
      await earmark.send("POST", `/api/v1/trains/${job}/cancel`);
    } catch {
      button.disabled = false;
      button.textContent = "Cancel the train";
    }
  }

  function ended() {
    stream.close();
    window.clearInterval(ticking);
    const here = document.activeElement === document.body || byId("job").contains(document.activeElement);
    refresh({ focus: here }); // who reads elsewhere is not torn away
  }

  byId("train-form").addEventListener("submit", start);
  byId("train-form").addEventListener("change", spendingIsChosen);
  byId("table-add").addEventListener("click", addTable);
  watch();
})();
