// Conveniences on the page of one event, which is complete without them.
"use strict";

for (const time of document.querySelectorAll("time")) {
  const date = new Date(time.dateTime);
  time.textContent = time.matches(".clock")
    ? `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`
    : date.toLocaleString([], { hourCycle: "h23" });
}

if (navigator.clipboard) {
  for (const box of document.querySelectorAll(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.querySelector("code").textContent);
      button.textContent = "Copied";
    });
    box.append(button);
  }
}

// As on the live page: down is older, up is newer.
const KEYS = { Escape: "back", j: "older", k: "newer" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  document.getElementById(KEYS[event.key])?.click();
});
