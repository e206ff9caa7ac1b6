// No analytics in here: the server counts.
document.documentElement.dataset.ready = "yes";
