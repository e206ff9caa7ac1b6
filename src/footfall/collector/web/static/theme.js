// Light or dark: the system's setting, until the visitor chooses.

(() => {
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("footfall-theme"); } catch { /* storage may be forbidden */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const show = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    show();
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("footfall-theme", root.dataset.theme); } catch { /* as above */ }
      show();
    });
  });
})();
