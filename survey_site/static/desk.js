// What plain pages cannot do: copy a link, open the print dialogue. Without it their buttons are not shown.

for (const button of document.querySelectorAll("[data-copy], [data-print]")) {
  button.classList.remove("no-script-hidden");
  button.addEventListener("click", async () => {
    if ("print" in button.dataset) {
      window.print();
      return;
    }
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // plain http has no clipboard of its own
    }
    button.textContent = button.dataset.done;
  });
}
