// Shows the plain page of index.html when the app can't start, or has stopped for good.
// Old syntax on purpose: the browsers that need it most know no other.
(function () {
  "use strict";
  var started = false;

  function element(id) {
    return document.getElementById(id);
  }

  function show(detail) {
    var panel = element("fatal");
    if (!panel || !panel.hidden) return;
    element("app").hidden = true;
    // The app's panic hook may have filled both in already.
    var text = element("fatal-detail");
    if (!text.textContent) text.textContent = detail;
    element("fatal-saved").hidden = !element("fatal-scenario").value;
    panel.hidden = false;
    panel.focus();
  }

  // Once the app runs, only the death of its module is the end; before that, any failure is.
  function isFatal(reason) {
    return !started || (window.WebAssembly && reason instanceof WebAssembly.RuntimeError);
  }

  function onError(event) {
    var target = event.target;
    if (target && target.tagName) {
      if (target.tagName === "SCRIPT" && !started) show("Loading failed: " + (target.src || "the app's module"));
    } else if (event.error ? isFatal(event.error) : !started) {
      show(String(event.error || event.message));
    }
  }

  window.addEventListener("TrunkApplicationStarted", function () {
    started = true;
  });
  window.addEventListener("error", onError, true);
  window.addEventListener("unhandledrejection", function (event) {
    if (isFatal(event.reason)) show(String(event.reason));
  });
  document.addEventListener("DOMContentLoaded", function () {
    if (typeof WebAssembly !== "object" || !("noModule" in document.createElement("script"))) {
      show("This browser runs no WebAssembly modules.");
    }
  });
})();
