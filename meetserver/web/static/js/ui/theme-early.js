// Runs before the first paint, so it is a classic script: a chosen theme must not flash the other one.
(function () {
  try {
    var theme = localStorage.getItem("meet.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage may be forbidden: then the system's choice holds.
  }
})();
