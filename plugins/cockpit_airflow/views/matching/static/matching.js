// Keys for decisions about pairs; those of the desk work too. Everything also works with links and buttons.
const decisionForm = document.getElementById("decide");
const keyHelp = document.getElementById("help");

function press(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  if (found.form) found.form.requestSubmit(found);
  else found.click();
  return true;
}

const decisionKeys = {
  s: () => press("#decide button[data-key=s]"),
  n: () => press("#decide button[data-key=n]"),
  l: () => press("a[data-later]") || press("a[data-back]"),
  h: () => press("a[data-before]"),
  z: () => press("button[data-undo]"),
  r: () => {
    const reason = decisionForm?.querySelector("textarea[name=reason]");
    reason?.focus();
    reason?.select();
  },
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
