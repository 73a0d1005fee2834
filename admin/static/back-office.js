"use strict";
// The eye, notices and dialogs; everything else is plain forms.
(function () {
  const bootstrap = window.tabler && window.tabler.bootstrap ? window.tabler.bootstrap : window.bootstrap;
  const token = document.querySelector('meta[name="form-token"]');

  document.querySelectorAll("[data-toast]").forEach(function (toast) {
    new bootstrap.Toast(toast, { delay: Number(toast.dataset.toast) }).show();
  });
  document.querySelectorAll("[data-open-now]").forEach(function (dialog) {
    new bootstrap.Modal(dialog).show();
  });
  // One press sends a form once; the server would refuse the second by its version anyway.
  document.querySelectorAll('form[method="post"]').forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      const button = form.querySelector("button[data-busy]");
      const files = form.querySelectorAll("input[type=file]");
      if (button && Array.from(files).some(function (one) { return one.files.length; })) {
        button.textContent = button.dataset.busy;
      }
    });
  });
  // The server decides; this only spares the way of what it would refuse.
  document.querySelectorAll("input[type=file][data-largest]").forEach(function (input) {
    input.addEventListener("change", function () {
      const files = Array.from(input.files);
      const picker = input.closest(".file-picker");
      const large = files.find(function (file) { return file.size > Number(input.dataset.largest); });
      const many = files.length > Number(input.dataset.most) ? input.dataset.tooMany : "";
      const wrong = large ? input.dataset.tooLarge.replace("{name}", large.name) : many;
      picker.querySelector("[data-chosen]").replaceChildren(...files.map(function (file) {
        const line = document.createElement("li");
        line.textContent = file.name;
        return line;
      }));
      picker.querySelector("[data-picker-error]").textContent = wrong;
      picker.querySelector("[data-picker-error]").classList.toggle("d-block", Boolean(wrong));
      input.setCustomValidity(wrong);
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
  });
  document.querySelectorAll("[data-minutes-left]").forEach(function (place) {
    const until = Date.now() + Number(place.dataset.secondsLeft) * 1000;
    const timer = setInterval(function () {
      const minutes = Math.max(0, Math.ceil((until - Date.now()) / 60000));
      place.textContent = place.dataset.minutesLeft.replace("{minutes}", String(minutes));
      if (minutes === 0) clearInterval(timer);
    }, 15000);
  });

  const dialog = document.getElementById("eye-dialog");
  if (!dialog) return;
  const form = dialog.querySelector("[data-eye-form]");
  const problem = dialog.querySelector("[data-eye-error]");
  const modal = new bootstrap.Modal(dialog);
  let eye = null;

  function cellsOf(button) {
    return Array.from(document.querySelectorAll("[data-value]")).filter(function (cell) {
      return cell.dataset.value === button.dataset.eye;
    });
  }
  function turn(button, open) {
    const words = open ? button.dataset.hide : button.dataset.show;
    document.querySelectorAll(".btn-eye").forEach(function (one) {
      if (one.dataset.eye !== button.dataset.eye) return;
      one.setAttribute("aria-pressed", String(open));
      one.querySelector(".ti").className = open ? "ti ti-eye-off" : "ti ti-eye";
      one.title = words;
      one.setAttribute("aria-label", words);
    });
  }
  function hide(button) {
    cellsOf(button).forEach(function (cell) {
      const inner = cell.querySelector("a, span") || cell;
      if (cell.dataset.mask !== undefined) inner.textContent = cell.dataset.mask;
      delete cell.dataset.mask;
      inner.classList.remove("revealed");
    });
    turn(button, false);
  }
  document.querySelectorAll(".btn-eye").forEach(function (button) {
    button.addEventListener("click", function () {
      if (button.getAttribute("aria-pressed") === "true") {
        hide(button);
        return;
      }
      eye = button;
      problem.classList.remove("d-block");
      dialog.querySelector("#eye-heading").textContent = button.dataset.heading;
      dialog.querySelector("[data-eye-note]").textContent = button.dataset.note;
      modal.show();
    });
  });
  dialog.addEventListener("shown.bs.modal", function () {
    dialog.querySelector("#eye-reason").focus();
  });
  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    const cells = cellsOf(eye);
    const [kind, field] = eye.dataset.eye.split(":");
    const body = new URLSearchParams({ kind: kind, field: field, reason: form.elements.reason.value });
    new Set(cells.map(function (cell) { return cell.dataset.id; })).forEach(function (id) {
      body.append("ids", id);
    });
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST",
        body: body,
        headers: { Accept: "application/json", "X-Form-Token": token ? token.content : "" },
      });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.message || "");
      cells.forEach(function (cell) {
        const inner = cell.querySelector("a, span") || cell;
        cell.dataset.mask = inner.textContent;
        inner.textContent = told.values[cell.dataset.id] || "—";
        inner.classList.add("revealed");
      });
      turn(eye, true);
      modal.hide();
    } catch (error) {
      problem.textContent = error instanceof SyntaxError || !error.message ? problem.dataset.failed : error.message;
      problem.classList.add("d-block");
    }
  });
})();
