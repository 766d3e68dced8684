/* What the questionnaire gains from JavaScript; without it everything still works.
   Shows and hides conditional questions, counts what is left, points out what is missing before anything
   is sent, and keeps a draft in this tab until the receipt arrives (some phones empty a form on Back). */
(() => {
  "use strict";
  const KEY = "renke";
  let drafts = null;
  try {
    drafts = window.sessionStorage;
  } catch (e) {
    /* storage is switched off */
  }
  const draft = (change) => {
    try {
      return drafts && change(drafts);
    } catch (e) {
      return null; // full or forbidden: there is just no draft
    }
  };
  if (document.querySelector("[data-receipt]")) draft((box) => box.removeItem(KEY));

  const form = document.querySelector("form[data-missing]");
  if (!form) return;
  document.documentElement.className += " js";
  const words = form.dataset;
  const isReal = form.hasAttribute("method"); // not a preview
  const button = form.querySelector(".send button");
  const buttonText = button.textContent;
  const each = (selector, act, within = form) => [].forEach.call(within.querySelectorAll(selector), act);
  const inputs = (question) => [].slice.call(question.querySelectorAll("input,textarea"));
  const isTicked = (input) => input.type === "radio" || input.type === "checkbox";
  const isGiven = (input) => (isTicked(input) ? input.checked : input.value.trim() !== "");
  const isAnswered = (question) => inputs(question).some(isGiven);

  const holds = (when) => {
    if (when.all) return when.all.every(holds);
    if (when.any) return when.any.some(holds);
    const question = document.getElementById("q-" + when[0]);
    return (
      !!question &&
      !question.hidden &&
      inputs(question).some((input) => input.checked && when[1].indexOf(input.value) >= 0)
    );
  };

  const bar = document.createElement("div");
  bar.className = "progress";
  const meter = bar.appendChild(document.createElement("progress"));
  const left = bar.appendChild(document.createElement("span"));
  form.insertBefore(bar, form.firstChild);

  const refresh = () => {
    each("fieldset[data-when]", (question) => {
      question.hidden = !holds(JSON.parse(question.dataset.when));
    });
    let needed = 0;
    let done = 0;
    each("fieldset[data-required]", (question) => {
      if (question.hidden) return;
      needed += 1;
      if (isAnswered(question)) done += 1;
    });
    meter.max = needed || 1;
    meter.value = needed ? done : 1;
    left.textContent = done < needed ? words.left.replace("{n}", needed - done) : words.done;
    each("[data-most]", (group) => {
      const full = group.querySelectorAll("input:checked").length >= +group.dataset.most;
      each("input", (input) => {
        input.disabled = full && !input.checked && !("alone" in input.dataset);
      }, group);
    });
  };

  const keep = () => {
    if (!isReal) return;
    const kept = [].filter
      .call(form.elements, (field) => field.name && isGiven(field))
      .map((field) => [field.name, field.value]);
    draft((box) => box.setItem(KEY, JSON.stringify({ at: location.pathname, kept })));
  };

  const bringBack = () => {
    const found = draft((box) => JSON.parse(box.getItem(KEY)));
    if (!isReal || !found || found.at !== location.pathname) return;
    // The token comes back too: if the first sending did arrive, the second one is the same form.
    found.kept.forEach(([name, value]) => {
      [].forEach.call(form.elements, (field) => {
        if (field.name !== name) return;
        if (!isTicked(field)) field.value = value;
        else if (field.value === value) field.checked = true;
      });
    });
  };

  const accuse = (question) => {
    if (question.classList.contains("bad")) return;
    question.classList.add("bad");
    const sentence = document.createElement("p");
    sentence.className = "problem";
    sentence.id = question.id + "-problem";
    sentence.textContent = words.missing;
    question.insertBefore(sentence, question.querySelector("legend").nextSibling);
    question.setAttribute("aria-describedby", sentence.id);
  };

  const acquit = (question) => {
    question.classList.remove("bad");
    each(".problem", (sentence) => sentence.remove(), question);
  };

  const goTo = (question) => {
    const first = question.querySelector("input,textarea");
    if (first) first.focus({ preventScroll: true });
    question.scrollIntoView();
  };

  form.addEventListener("change", (event) => {
    const input = event.target;
    const question = input.closest("fieldset");
    if (input.type === "checkbox" && input.checked) {
      const alone = "alone" in input.dataset;
      inputs(question).forEach((other) => {
        if (other !== input && (alone || "alone" in other.dataset)) other.checked = false;
      });
    }
    if (question && isAnswered(question)) acquit(question);
    refresh();
    keep();
  });
  form.addEventListener("input", keep);
  // Another language or size: a plain link, the draft brings the answers back.
  each("nav [formaction]", (look) => {
    look.addEventListener("click", (event) => {
      event.preventDefault();
      keep();
      location.href = look.formAction;
    });
  }, document);

  let sending = 0;
  const rest = () => {
    clearTimeout(sending);
    sending = 0;
    button.textContent = buttonText;
  };
  form.addEventListener("submit", (event) => {
    const missing = [].filter.call(
      form.querySelectorAll("fieldset[data-required]"),
      (question) => !question.hidden && !isAnswered(question),
    );
    if (missing.length || sending) event.preventDefault();
    missing.forEach(accuse);
    if (missing.length) {
      goTo(missing[0]);
    } else if (!sending) {
      button.textContent = words.sending;
      sending = setTimeout(rest, 10000); // on a dead network the next tap tries again
    }
  });
  window.addEventListener("pageshow", () => {
    rest();
    refresh();
  });

  if ("kept" in words) keep();
  else bringBack();
  refresh();
  const wrong = form.querySelector(".bad");
  const summary = document.getElementById("wrong");
  if (wrong) goTo(wrong);
  else if (summary) summary.focus();
})();
