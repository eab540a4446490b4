// The fidelity page in the language and the colours that the app was left in, with the way back to its door.
"use strict";
const kept = (key) => {
  try {
    return localStorage.getItem(`highwater.${key}`);
  } catch {
    return null;
  }
};
const root = document.documentElement;
root.lang = (kept("lang") ?? navigator.language).toLowerCase().startsWith("ko") ? "ko" : "en";
if (kept("theme")) root.dataset.theme = kept("theme");
document.addEventListener("DOMContentLoaded", () => {
  if (location.hash.startsWith("#/")) document.getElementById("back").href += location.hash;
  const title = document.querySelector(`h1 [lang="${root.lang}"]`);
  if (title) document.title = `Highwater: ${title.textContent}`;
});
