"""Where evidence and log are kept: a folder (`local`) or a bucket (`s3`); port: `interface`.

`base` has what both do alike, over the small port `source`; `log_tail` what both writers of the log
do alike. `app.stores.open_store` chooses by location. How to use it:

    store = LocalStore(Path("evidence"))
    log_key = load_key(Path("keys/log.pem"))                  # auditor.keys.file, Ed25519
    note_key = log_key.note_key(log_origin("Example Ltd"))    # auditor.ledger.checkpoint
    with store.open_log(key=note_key, sign=log_key.sign, clock=clock) as log:
        policy = store.put(policy_bytes)                      # BlobRef, durable
        start = log.append(RunStart(run=..., now=..., policy=policy, scope={}, nonce=...))
        log.append(Collect(run=..., ..., blob=store.put(observation_bytes)))
        log.append(Verdicts(run=..., counts={...}, blob=store.put(verdict_bytes)))
        statement = store.write_statement(run, bundle_bytes)  # digest
        log.append(RunEnd(run=..., outcome="ok", statement=statement))
        log.commit()                                          # tiles, then the signed checkpoint
    store.latest(), store.runs(), store.run(id), store.history(id), store.entries()
    verify_store(store.reader(), trust, ...)                  # auditor.attest.verify

`append` is durable when it returns; without `commit` the entries wait in the journal and the next
`open_log` takes them up. Entry 0 of a new log is a `key` entry that `open_log` writes by itself.
Reading (`entries`, `runs`, ...) sees what is committed.
"""
