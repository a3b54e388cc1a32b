// Makes an editor (Yasqe) of the form on the SPARQL page. Without this file the form works as it is.
// Nothing is fetched from anywhere but this server, and nothing is kept in the browser's storage.
"use strict";

(() => {
  const form = document.querySelector(".ask-graph");
  const area = document.getElementById("query");
  const { language, hint, wrong, silent } = form.dataset;
  const knowledge = fetch(form.dataset.terms).then((answer) => (answer.ok ? answer.json() : { prefixes: {}, terms: [] }));

  // ── Completion: prefixes, classes and properties of the ontology, by IRI or by either name ───────────────
  const short = new Map(); // IRI → how it is written, once the terms are here
  const known = new Map(); // how it is written → term, for the list of suggestions

  const ready = knowledge.then(({ prefixes, terms }) => {
    const spaces = Object.entries(prefixes).sort(([, a], [, b]) => b.length - a.length);
    for (const term of terms) {
      const [prefix, space] = spaces.find(([, start]) => term.iri.startsWith(start)) ?? [];
      const written = prefix && /^[\w-]+$/.test(term.iri.slice(space.length)) ? `${prefix}:${term.iri.slice(space.length)}` : `<${term.iri}>`;
      short.set(term.iri, written);
      known.set(written, term);
    }
    return terms;
  });

  function fits(term, typed) {
    const written = short.get(term.iri).toLowerCase();
    if (typed.startsWith("<")) return `<${term.iri}`.toLowerCase().startsWith(typed) ? 1 : 0;
    if (written.startsWith(typed)) return 3;
    const local = typed.slice(typed.indexOf(":") + 1);
    if (typed.includes(":") && !written.startsWith(typed.slice(0, typed.indexOf(":") + 1))) return 0;
    if (!local) return 0;
    const names = term.label ? [term.label.zh, term.label.en.toLowerCase()] : [];
    if (names.some((name) => name.startsWith(local))) return 3;
    if (names.some((name) => name.includes(local))) return 2;
    return written.slice(written.indexOf(":") + 1).includes(local) ? 1 : 0;
  }

  // The word before the cursor. Not Yasqe's token: its grammar knows no Chinese word without a prefix.
  function word(yasqe) {
    const { line, ch } = yasqe.getDoc().getCursor();
    const [typed] = /(<[^<>\s]*|[?$]?[\p{L}\p{N}_:-]*)$/u.exec(yasqe.getDoc().getLine(line).slice(0, ch));
    return { typed, line, from: ch - typed.length, to: ch };
  }

  function wanted(yasqe) {
    // After "a" a class; where a predicate may stand a property; anywhere else either.
    const { line, from } = word(yasqe);
    const before = yasqe.getDoc().getLine(line).slice(0, from).trimEnd();
    if (/(^|\s)(a|rdf:type|rdfs:(domain|range|subClassOf)[*+]?)$/.test(before)) return "class";
    return yasqe.getTokenAt({ line, ch: from }, true).state.possibleNext.includes("a") ? "property" : null;
  }

  Yasqe.defaults.autocompleters = ["variables"]; // not those that ask prefix.cc and Linked Open Vocabularies
  Yasqe.forkAutocompleter("prefixes", {
    name: "prefixes-here",
    persistenceId: null,
    get: () => knowledge.then(({ prefixes }) => Object.entries(prefixes).map(([name, space]) => `${name}: <${space}>`).sort()),
  });
  Yasqe.registerAutocompleter({
    name: "terms",
    bulk: false,
    persistenceId: null,
    isValidCompletionPosition(yasqe) {
      const { typed, line, from } = word(yasqe);
      const within = yasqe.getTokenTypeAt({ line, ch: from + 1 });
      const declares = /\b(PREFIX|BASE)\b/i.test(yasqe.getDoc().getLine(line).slice(0, from));
      return /^[^?$]/.test(typed) && !declares && within !== "string" && within !== "comment";
    },
    preProcessToken(yasqe, token) {
      const { from, to } = word(yasqe);
      return { ...token, from: { ch: from }, to: { ch: to } };
    },
    get: (yasqe) =>
      ready.then((terms) => {
        const typed = word(yasqe).typed.toLowerCase();
        const kind = wanted(yasqe);
        return terms
          .filter((term) => !kind || term.kind === kind)
          .map((term) => [fits(term, typed), term])
          .filter(([score]) => score)
          .sort(([a], [b]) => b - a)
          .slice(0, 60)
          .map(([, term]) => term.iri);
      }),
    postProcessSuggestion: (yasqe, token, iri) => short.get(iri),
    postprocessHints: (yasqe, hints) =>
      hints.map((hint) => ({
        ...hint,
        render(element) {
          const said = document.createElement("span");
          said.className = "said";
          said.textContent = known.get(hint.text)?.label?.[language] ?? "";
          element.append(hint.text, said);
        },
      })),
  });

  // ── The editor ──────────────────────────────────────────────────────────────────────────────────────────
  const place = document.createElement("div");
  area.before(place);
  const label = form.querySelector("label[for=query]").textContent;
  const ACCEPT = {
    table: "text/html",
    json: "application/sparql-results+json, application/ld+json;q=0.9",
    text: "text/csv, text/turtle;q=0.9",
  };
  const view = () => form.querySelector("[name=view]:checked").value;
  const accept = () => ACCEPT[view()];
  const yasqe = new Yasqe(place, {
    value: area.value,
    theme: "xiezhi",
    screenReaderLabel: label,
    persistenceId: null,
    consumeShareLink: null,
    createShareableLink: null,
    showQueryButton: false,
    editorHeight: "380px",
    // Tab goes on to the next control, as everywhere else on a page.
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Enter": run, "Cmd-Enter": run, "Ctrl-S": run },
    requestConfig: { endpoint: form.action, method: "POST", acceptHeaderSelect: accept, acceptHeaderGraph: accept },
  });
  area.hidden = true;
  area.removeAttribute("name");
  area.required = false;
  const notify = yasqe.showNotification.bind(yasqe);
  yasqe.showNotification = (key) => notify(key, hint);

  // Yasqe explains a line that it cannot read in English, with an inline style that our policy forbids.
  function explain() {
    for (const mark of place.querySelectorAll(".parseErrorIcon")) {
      mark.onmouseover = mark.onmouseout = null;
    }
    const doc = yasqe.getDoc();
    doc.eachLine((line) => {
      const mark = line.gutterMarkers?.gutterErrorBar;
      if (!mark) return;
      const number = doc.getLineNumber(line);
      const { state } = yasqe.getTokenAt({ line: number, ch: doc.getLine(number).length }, true);
      mark.onmouseover = mark.onmouseout = null;
      mark.title = `${wrong} ${state.possibleCurrent.join(", ")}`;
    });
  }
  yasqe.on("changes", explain);
  explain();

  // ── Asking, and what came back ──────────────────────────────────────────────────────────────────────────
  let raw = null; // the last answer, as it can be saved

  function show(node) {
    document.getElementById("results").replaceWith(node);
    form.querySelector(".save").hidden = raw === null;
  }

  function section(tag, text, role) {
    const results = document.getElementById("results").cloneNode(false);
    results.classList.remove("waiting");
    const part = document.createElement(tag);
    part.textContent = text;
    if (role) part.setAttribute("role", role);
    results.append(part);
    return results;
  }

  function fault(text) {
    try {
      const { faults } = JSON.parse(text);
      return faults.map((f) => f.message[language] + (f.repair ? ` → ${f.repair[language]}` : "")).join("\n");
    } catch {
      return silent;
    }
  }

  function page(text) {
    return document.adoptNode(new DOMParser().parseFromString(text, "text/html").getElementById("results"));
  }

  async function run() {
    const results = document.getElementById("results");
    results.classList.add("waiting");
    results.setAttribute("aria-busy", "true");
    raw = null;
    const query = yasqe.getValue();
    if (query.length < 4000) history.replaceState(null, "", `?${new URLSearchParams({ query })}`);
    try {
      const answer = await yasqe.query();
      const type = answer.headers.get("Content-Type");
      if (type.startsWith("text/html")) return show(page(answer.content));
      raw = { type, content: answer.content };
      show(section("pre", answer.content));
    } catch (error) {
      if (error.name === "AbortError") return; // another query took its place
      const html = error.message.includes('id="results"');
      show(html ? page(error.message) : section("p", fault(error.message), "alert"));
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  form.querySelector(".views").addEventListener("change", run);
  form.querySelector(".save").addEventListener("click", () => {
    const link = document.createElement("a");
    const ending = { json: "json", csv: "csv", turtle: "ttl" }[/json|csv|turtle/.exec(raw.type)[0]];
    link.href = URL.createObjectURL(new Blob([raw.content], { type: raw.type }));
    link.download = `result.${ending}`;
    link.click();
    URL.revokeObjectURL(link.href);
  });

  // ── Links to queries, of the examples and of IRIs in a table, fill the editor ───────────────────────────
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".examples li a, #results td a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    yasqe.setValue(new URL(link.href).searchParams.get("query"));
    run().then(() => document.getElementById("results").focus({ preventScroll: false }));
  });

  const search = document.getElementById("search");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const item of document.querySelectorAll(".examples li")) {
      item.hidden = !words.every((word) => item.dataset.words.toLowerCase().includes(word));
      found += !item.hidden;
    }
    document.getElementById("none-found").hidden = found > 0;
  });

  for (const part of [search, form.querySelector(".views"), form.querySelector(".keyboard")]) part.hidden = false;
  window.xiezhiEditor = yasqe; // for whoever extends the page, and for its tests
})();
