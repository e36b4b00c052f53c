// Keys for decisions about pairs; those of the desk work too. Everything also works with links and buttons.
const decisionForm = document.getElementById("decide");
const keyHelp = document.getElementById("help");
const isPair = Boolean(document.querySelector("table.sides"));

function press(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  if (found.form) found.form.requestSubmit(found);
  else found.click();
  return true;
}

const ofPair = {
  j: () => press("a[data-later]") || press("a[data-queue]"),
  k: () => press("a[data-before]"),
  m: () => press("#decide button[data-key=m]"),
  n: () => press("#decide button[data-key=n]"),
  r: () => {
    const reason = decisionForm?.querySelector("textarea[name=reason]");
    reason?.focus();
    reason?.select();
  },
};
const decisionKeys = {
  ...(isPair ? ofPair : {}),
  u: () => press("button[data-undo]"),
  b: () => press("a[data-queue]"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || keyHelp?.open) return;
  if (event.target.matches?.("input:not([type=checkbox]), textarea, select") || !(event.key in decisionKeys)) return;
  event.preventDefault();
  decisionKeys[event.key]();
});

// A phone shows pairs first; the filters are a touch away.
const narrowing = document.querySelector("[data-narrow='']");
if (narrowing && window.matchMedia("(max-width: 60rem)").matches) narrowing.open = false;
document.documentElement.dataset.decisionKeys = "on";
