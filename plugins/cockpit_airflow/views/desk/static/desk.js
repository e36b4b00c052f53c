// Keys of the desk. Everything also works with links and buttons, and without this script.
const rows = [...document.querySelectorAll("[data-row]")];
const boxes = [...document.querySelectorAll("input[name=task]")];
const whole = document.querySelector("[data-all]");
const everything = document.querySelector("input[name=all]");
const count = document.querySelector("[data-count]");
const help = document.getElementById("help");
let current = -1;

function showCount() {
  const chosen = boxes.filter((box) => box.checked).length;
  if (count) count.textContent = chosen;
  if (whole) whole.checked = chosen > 0 && chosen === boxes.length;
  document.getElementById("queue")?.classList.toggle("choosing", chosen > 0 || Boolean(everything?.checked));
  for (const box of boxes) box.closest("tr").classList.toggle("chosen", box.checked);
}

function moveTo(number) {
  if (!rows.length) return;
  rows[current]?.classList.remove("current");
  current = Math.max(0, Math.min(rows.length - 1, number));
  rows[current].classList.add("current");
  rows[current].scrollIntoView({ block: "nearest" });
  rows[current].querySelector("a, input:not([type=hidden])")?.focus({ preventScroll: true });
}

const keys = {
  j: () => moveTo(current + 1),
  k: () => moveTo(current - 1),
  Enter: () => rows[current]?.querySelector("[data-open]")?.click(),
  x: () => {
    const box = rows[current]?.querySelector("input[name=task]");
    if (box) { box.checked = !box.checked; showCount(); }
  },
  c: () => {
    const button = document.querySelector("button[data-confirm]");
    if (!button) return;
    const reason = button.form.querySelector("textarea[name=reason]");
    if (reason) { reason.focus(); reason.scrollIntoView({ block: "center" }); }
    else if (boxes.some((box) => box.checked) || everything?.checked) button.form.requestSubmit(button);
  },
  "/": () => document.querySelector("[data-search]")?.focus(),
  u: () => document.querySelector("a[data-back]")?.click(),
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
  const place = event.target;
  if (event.key === "Escape") { place.blur?.(); return; }
  const isTyping = place.matches?.("input:not([type=checkbox]), textarea, select");
  if (isTyping || !(event.key in keys)) return;
  // A link or a button that has the focus does what it says.
  if (event.key === "Enter" && place.matches?.("a, button, summary")) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("change", (event) => {
  if (event.target === whole) for (const box of boxes) box.checked = whole.checked;
  if (event.target === whole || event.target === everything || boxes.includes(event.target)) showCount();
});
document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());
for (const button of document.querySelectorAll("#queue .actions button")) {
  button.addEventListener("click", (event) => {
    if (!boxes.some((box) => box.checked) && !everything?.checked) event.preventDefault();
  });
}
for (const chip of document.querySelectorAll("[data-fill]")) {
  chip.addEventListener("click", () => {
    const row = chip.closest("tr");
    row.querySelector("input[name=answer]").value = chip.dataset.fill;
    row.querySelector("input[name=reason]").focus();
  });
}
// Back from a row means back to the queue as it was narrowed.
const back = document.querySelector("a[data-back]");
if (document.querySelector("nav.tabs") && document.querySelector("[data-filters]")) {
  sessionStorage.setItem("desk queue", window.location.search);
} else if (back?.pathname.endsWith("/desk/") && !back.search) {
  back.search = sessionStorage.getItem("desk queue") ?? "";
}
// A phone shows rows first; the filters are a touch away.
const filters = document.querySelector("[data-filters='']");
if (filters && window.matchMedia("(max-width: 60rem)").matches) filters.open = false;
// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  showCount();
});
// From now on keys are heard, also inside Airflow's frame.
window.focus();
document.documentElement.dataset.keys = "on";
