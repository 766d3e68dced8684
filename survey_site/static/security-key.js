// Connects our pages to allauth's script for security keys, which takes its settings from inline scripts
// that our content security policy forbids.
const form = document.querySelector("form[data-security-key]");
if (form) {
  const credential = form.querySelector("input[name=credential]");
  const ids = { credential: credential.id, data: "js_data" };
  const forms = window.allauth.webauthn.forms;
  if (form.dataset.securityKey === "add") {
    forms.addForm({ ids: { ...ids, add: "security_key_button" } });
  } else {
    forms.authenticateForm({ ids: { ...ids, authenticate: "security_key_button" } });
  }
  document.addEventListener("allauth.error", () => {
    const failed = document.getElementById("security_key_failed");
    if (failed) {
      failed.hidden = false;
    }
  });
}
