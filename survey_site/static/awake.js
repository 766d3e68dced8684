// A QR code on show: the screen stays lit where the browser can do that, and fills the projector on request.

const note = document.querySelector("[data-awake-note]");
let lock = null;

const stayAwake = async () => {
  if (!("wakeLock" in navigator) || document.visibilityState !== "visible") return;
  try {
    lock = await navigator.wakeLock.request("screen");
    if (note) note.hidden = true;
    lock.addEventListener("release", () => {
      if (note) note.hidden = false;
    });
  } catch {
    // A low battery or plain http: the sentence on the page stays.
  }
};
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

for (const button of document.querySelectorAll("[data-fullscreen]")) {
  if (!document.documentElement.requestFullscreen) continue;
  button.classList.remove("no-script-hidden");
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
}
