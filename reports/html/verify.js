// Checks the signed data in this page and compares the page with it, offline (WebCrypto).
// It cannot vouch for itself: whoever exchanges the page whole can exchange this script and the
// keys as well. So it says under which keys everything is consistent, and the reader compares them.
const Check = (() => {
  const utf8 = new TextEncoder();
  const SIGNATURE = "page-signature";

  // -- bytes ------------------------------------------------------------------------------------
  const fail = (what) => { throw new Error(what); };
  const unbase64 = (text, what) => {
    let binary;
    try { binary = atob(text); } catch { fail(`${what}: not base64`); }
    // One spelling only: spaces and spare bits would let a changed letter through.
    if (btoa(binary) !== text) fail(`${what}: base64 is not in its canonical form`);
    return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  };
  const text = (bytes, what) => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch { return fail(`${what}: not UTF-8`); }
  };
  const json = (bytes, what) => {
    try { return JSON.parse(text(bytes, what)); } catch { return fail(`${what}: not JSON`); }
  };
  const join = (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { whole.set(part, at); at += part.length; }
    return whole;
  };
  const same = (one, other) =>
    one.length === other.length && one.every((byte, at) => byte === other[at]);
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digest = async (bytes) => `sha256:${hex(await sha256(bytes))}`;

  // -- the page as it was delivered ----------------------------------------------------------------
  // Elements, attributes and text, without white space between them; attest/page_signature.py makes
  // the same list from the file.
  const tokens = (root) => {
    const list = [];
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        if (/[^ \t\n\f\r]/.test(node.data)) list.push(`'${node.data}`);
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE) { list.push(`!${node.nodeValue}`); return; }
      if (node.id === SIGNATURE) return;
      list.push(`<${node.localName.toLowerCase()}`);
      const names = [...node.attributes].map(({ name, value }) => [name.toLowerCase(), value]);
      for (const [name, value] of names.sort(([a], [b]) => (a < b ? -1 : 1))) {
        list.push(`@${name}=${value}`);
      }
      for (const child of node.childNodes) walk(child);
      list.push(">");
    };
    walk(root);
    return list.join("\0");
  };

  // -- signatures ----------------------------------------------------------------------------------
  const pem = (bytes) => {
    const match = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n$/
      .exec(text(bytes, "run key"));
    return match ? unbase64(match[1].replaceAll("\n", ""), "run key") : fail("run key: not PEM");
  };
  const importKey = async (bytes) => {
    const spki = pem(bytes);
    const key = await crypto.subtle.importKey(
      "spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"],
    );
    return { id: hex(await sha256(spki)), key };
  };
  const rawSignature = (der) => {
    let at = 0;
    const take = (tag) => {
      if (der[at] !== tag || der[at + 1] > 127) fail("signature: not DER");
      const start = at + 2;
      at = start + der[at + 1];
      if (at > der.length) fail("signature: cut off");
      return [start, at];
    };
    const number = () => {
      const [start, end] = take(2);
      const value = der.slice(start, end);
      if (value.length === 0 || value[0] > 127) fail("signature: not a positive number");
      const bare = value[0] === 0 && value.length > 1 ? value.slice(1) : value;
      if (bare.length > 32 || (value.length > 1 && value[0] === 0 && value[1] < 128)) {
        fail("signature: a number is not in its shortest form");
      }
      return join(new Uint8Array(32 - bare.length), bare);
    };
    const [start, end] = take(0x30);
    at = start;
    const raw = join(number(), number());
    return at === end && end === der.length ? raw : fail("signature: more than two numbers");
  };
  const envelope = async (document, key, type, what) => {
    const names = Object.keys(document).sort().join();
    if (names !== "payload,payloadType,signatures" || document.signatures.length !== 1) {
      fail(`${what}: not an envelope with one signature`);
    }
    if (document.payloadType !== type) fail(`${what}: is of type ${document.payloadType}`);
    const { keyid, sig } = document.signatures[0];
    if (keyid !== key.id) fail(`${what}: names another key`);
    const payload = unbase64(document.payload, what);
    const kind = utf8.encode(type);
    const head = utf8.encode(`DSSEv1 ${kind.length} ${type} ${payload.length} `);
    const good = await crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" }, key.key, rawSignature(unbase64(sig, what)),
      join(head, payload),
    );
    return good ? json(payload, what) : fail(`${what}: the signature does not fit`);
  };

  // -- the log -------------------------------------------------------------------------------------
  const leafHash = (entry) => sha256(join(new Uint8Array([0]), entry));
  const nodeHash = (left, right) => sha256(join(new Uint8Array([1]), left, right));
  const rootOf = async (leaf, index, size, path) => { // RFC 9162, 2.1.3.2
    let at = BigInt(index), last = BigInt(size) - 1n, node = leaf;
    if (at < 0n || at > last) fail("log: no entry of that number");
    for (const sibling of path) {
      if (last === 0n) fail("log: the proof is too long");
      if (at & 1n || at === last) {
        node = await nodeHash(sibling, node);
        while (at && !(at & 1n)) { at >>= 1n; last >>= 1n; }
      } else {
        node = await nodeHash(node, sibling);
      }
      at >>= 1n; last >>= 1n;
    }
    return last === 0n ? node : fail("log: the proof is too short");
  };
  const parseProof = (bytes) => {
    const whole = text(bytes, "log proof");
    const cut = whole.indexOf("\n\n");
    const [header, index, ...path] = whole.slice(0, cut).split("\n");
    const number = /^index (0|[1-9][0-9]{0,15})$/.exec(index ?? "");
    if (cut < 0 || header !== "c2sp.org/tlog-proof@v1" || !number) fail("log proof: not a proof");
    return {
      index: Number(number[1]),
      path: path.map((line) => unbase64(line, "log proof")),
      note: whole.slice(cut + 2),
    };
  };
  const parseNote = (note) => {
    const cut = note.indexOf("\n\n");
    if (cut < 0 || !note.endsWith("\n")) fail("checkpoint: no signature");
    const body = note.slice(0, cut + 1);
    const [origin, size, root, ...rest] = body.split("\n");
    if (rest.join() !== "" || rest.length !== 1 || !/^(0|[1-9][0-9]{0,15})$/.test(size)) {
      fail("checkpoint: not origin, size and root");
    }
    const lines = note.slice(cut + 2, -1).split("\n").map((line) => {
      const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
      if (!match) fail("checkpoint: a line is no signature");
      return { name: match[1], data: unbase64(match[2], "checkpoint") };
    });
    return { body, origin, size: Number(size), root: unbase64(root, "checkpoint"), lines };
  };
  const parseVkey = async (vkey) => {
    const [name, id, ...rest] = vkey.split("+");
    const data = unbase64(rest.join("+"), "log key");
    if (data.length !== 33 || data[0] !== 1) fail("log key: not Ed25519");
    const expected = (await sha256(join(utf8.encode(`${name}\n`), data))).slice(0, 4);
    if (hex(expected) !== id) fail("log key: its id is another");
    return { name, id: expected, raw: data.slice(1) };
  };
  const checkCheckpoint = async (head, vkey) => {
    const named = await parseVkey(vkey);
    if (named.name !== head.origin) fail("checkpoint: the log key is of another log");
    const own = head.lines.filter(
      (line) => line.name === named.name && same(line.data.slice(0, 4), named.id),
    );
    if (own.length !== 1) fail("checkpoint: not signed by the log key");
    const key = await crypto.subtle.importKey("raw", named.raw, "Ed25519", false, ["verify"]);
    const message = utf8.encode(head.body);
    if (!await crypto.subtle.verify("Ed25519", key, own[0].data.slice(4), message)) {
      fail("checkpoint: the signature does not fit");
    }
    return head.lines.length - 1;
  };

  const checkPage = async (page, signature) => {
    const key = await importKey(utf8.encode(signature.publicKey));
    const signed = await envelope(
      signature.dsseEnvelope, key, "application/vnd.auditor.page.v1+json", "page signature",
    );
    if (signed.page !== await digest(utf8.encode(page))) {
      fail("page: it is not the page that was signed");
    }
    return key.id;
  };

  // -- all of it -------------------------------------------------------------------------------------
  const check = async (parts, page, signature, most) => {
    const key = await importKey(parts.run_key);
    const { id } = key;
    const bundle = json(parts.bundle, "statement");
    const statement = await envelope(
      bundle.dsseEnvelope, key, "application/vnd.in-toto+json", "statement",
    );
    const said = statement.predicate;
    const subjects = new Map(
      statement.subject.map((subject) => [subject.name, `sha256:${subject.digest.sha256}`]),
    );
    const verdictsDigest = await digest(parts.verdicts);
    if (subjects.get("verdicts") !== verdictsDigest) {
      fail("verdicts: they have another digest than was signed");
    }
    const entry = json(parts.end_entry, "entry");
    const statementDigest = await digest(parts.bundle);
    if (entry.type !== "run.end" || entry.body.statement !== statementDigest) {
      fail("entry: it is not the end of this statement's run");
    }
    if (entry.body.run !== said.run || entry.body.outcome !== said.outcome) {
      fail("entry: it tells of another run");
    }
    const proof = parseProof(parts.end_proof);
    const head = parseNote(proof.note);
    if (entry.index !== proof.index) fail("entry: it has another number than its proof");
    const root = await rootOf(await leafHash(parts.end_entry), proof.index, head.size, proof.path);
    if (!same(root, head.root)) fail("log: the proof leads to another root");
    const others = await checkCheckpoint(head, text(parts.log_key, "log key"));
    if (said.log.origin !== head.origin) fail("log: the statement names another log");

    const verdicts = json(parts.verdicts, "verdicts");
    const counts = Object.fromEntries(Rows.STATUSES.map((status) => [status, 0]));
    for (const finding of verdicts.findings) counts[finding.status] += 1;
    for (const status of Rows.STATUSES) {
      if (said.counts[status] !== counts[status]) fail("statement: its counts are others");
    }
    const observations = new Map();
    for (const [name, value] of subjects) {
      if (name.startsWith("observation/")) observations.set(name.slice(12), value);
    }
    const shown = Rows.checkRows(verdicts.findings, observations, most, { fail, tokens });
    const outcome = Rows.label(said.outcome);
    Rows.checkFigures({
      run: said.run, now: said.now, origin: head.origin, root: btoa(String.fromCharCode(...head.root)),
      size: head.size === 1 ? "1 entry" : `${head.size.toLocaleString("en-US")} entries`,
      outcome: `${outcome[0].toUpperCase()}${outcome.slice(1)}:`, statement: statementDigest,
      signer: id, verdicts: verdictsDigest, policy: subjects.get("policy"),
    }, counts, verdicts.not_tested.length, { fail });
    const pageKey = signature === null ? null : await checkPage(page, signature);
    const vkey = text(parts.log_key, "log key");
    const left = verdicts.findings.length - shown;
    const signed = { findings: verdicts.findings, observations };
    return { id, vkey, head, others, said, shown, left, page: pageKey, signed };
  };

  // -- telling the reader ----------------------------------------------------------------------------
  const show = (state, title, lines) => {
    const panel = document.getElementById("check");
    document.documentElement.dataset.check = state;
    panel.dataset.state = state;
    panel.querySelector("h2").textContent = title;
    panel.querySelector(".said").replaceChildren(...lines.map((line) => {
      const item = document.createElement("p");
      item.textContent = line;
      return item;
    }));
    panel.querySelector(".next").hidden = state === "bad";
  };
  const showKeys = (result) => {
    const panel = document.getElementById("check");
    panel.querySelector("[data-key=run]").textContent = result.id;
    panel.querySelector("[data-key=log]").textContent = result.vkey;
    panel.querySelector("[data-key=page]").textContent = result.page;
    panel.querySelector(".page-key").hidden = result.page === null || result.page === result.id;
    panel.querySelector(".keys").hidden = false;
  };
  const signer = ({ page, id }) => (page === null ? "none" : page === id ? "run" : "other");
  const TITLES = {
    run: "Consistent under these keys",
    other: "Consistent, and the page is signed with a third key",
    none: "Findings consistent under these keys, page not signed",
  };
  const told = (result) => {
    const { head, others, said, shown, left } = result;
    // How many a page lists is its own matter: none would be "just these", too.
    const which = left ? `${shown} of the ${shown + left} findings, the worst first` : "just these findings";
    const plural = others === 1 ? "signature" : "signatures";
    const lines = [
      `The statement of run ${said.run}, its findings and its place in the log ${head.origin} `
      + `(${head.size} entries) fit together, and the page shows ${which}.`,
    ];
    if (others) lines.push(`${others} more ${plural} on the checkpoint, by witnesses, not checked here.`);
    lines.push({
      run: "The page itself is signed with the run key: nothing in it was changed.",
      other: "The page itself is signed with another key than the run, shown below as well.",
      none: "The page itself is not signed: titles, requirements and other texts around the "
        + "findings are not covered.",
    }[signer(result)]);
    lines.push("This holds under the keys below and no others. Compare them with what you got by "
      + "another way: whoever forges a page whole uses keys of their own.");
    return lines;
  };
  const embedded = () => {
    const blocks = document.querySelectorAll("#proof");
    if (blocks.length !== 1) fail("the embedded proof is missing");
    const encoded = JSON.parse(blocks[0].textContent);
    return Object.fromEntries(
      Object.entries(encoded).map(([name, value]) => [name, unbase64(value, name)]),
    );
  };
  const pageSignature = () => {
    const blocks = document.querySelectorAll(`#${SIGNATURE}`);
    if (blocks.length > 1) fail("page signature: there are two");
    if (blocks.length === 0) return null;
    const [block] = blocks;
    if (block.localName !== "script" || block.type !== "application/json"
        || block.attributes.length !== 2) fail("page signature: not a block of data");
    return JSON.parse(block.textContent);
  };
  // A page without the proof of a run (a period's) has its own signature alone.
  const checkSigned = async (page, signature) => {
    if (signature === null) {
      show("none", "Not signed", ["This page bears no signature: nothing in it can be checked here."]);
      return;
    }
    const id = await checkPage(page, signature);
    const panel = document.getElementById("check");
    panel.querySelector("[data-key=page]").textContent = id;
    panel.querySelector(".keys").hidden = false;
    show("ok", "Unchanged since it was signed with this key", [
      "Nothing in this page was changed since. Whether it says what log and evidence say, the "
      + "program tells, from the store.",
      "This holds under the key below and no other. Compare it with what you got by another way.",
    ]);
  };
  const checkRun = async (page, signature, most) => {
    const result = await check(embedded(), page, signature, most);
    showKeys(result);
    const by = signer(result);
    show(by === "run" ? "ok" : "part", TITLES[by], told(result));
    return result.signed;
  };
  // Gives the signed findings, where they were checked and hold; else null.
  const run = async () => {
    const panel = document.getElementById("check");
    const kind = panel?.dataset.proof;
    if (!["yes", "page"].includes(kind) || !globalThis.crypto?.subtle) return null;
    try {
      const page = tokens(document.documentElement); // before anything here is changed
      if (kind === "yes") return await checkRun(page, pageSignature(), Number(panel.dataset.most));
      await checkSigned(page, pageSignature());
    } catch (error) {
      if (error.name === "NotSupportedError") {
        show("none", "Not verified: this browser lacks an algorithm", [String(error.message)]);
        return null;
      }
      show("bad", "Do not rely on this page: it was changed", [
        `What failed: ${error.message || error}.`,
        "Ask for the report again, and have it verified with the program.",
      ]);
    }
    return null;
  };
  return { run };
})();
