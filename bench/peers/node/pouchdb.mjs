// A node of PouchDB over LevelDB, with express-pouchdb as the side that accepts others: the
// replication of CouchDB. Of two versions of a document one wins: nothing inside it merges.

import fs from "node:fs"
import path from "node:path"
import * as Automerge from "@automerge/automerge"
import express from "express"
import servePouchDB from "express-pouchdb"
import PouchDB from "pouchdb"
import { MARK, hold, lastTurn, nowUs, readArguments, sayWaiting, sleep } from "./conversation.mjs"

/** Documents that are written with one request when the store is filled. */
const SEEDED_AT_ONCE = 500
const CONFLICT = 409

const { store, documents: folder, ids, listen } = readArguments()
const Stored = PouchDB.defaults({ prefix: store.replace(/\/?$/, "/") })
const database = new Stored("db")
const watchers = new Set()
let remote
let feed

if (listen) {
  const [host, port] = listen.split(":")
  const options = { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: path.join(store, "log") }
  express().use("/", servePouchDB(Stored, options)).listen(Number(port), host)
}

/** A document of the workload as plain values. */
function plain(number) {
  const id = ids[number]
  const snapshots = path.join(folder, id.slice(0, 2), id.slice(2), "snapshot")
  const [file] = fs.readdirSync(snapshots)
  const document = Automerge.load(fs.readFileSync(path.join(snapshots, file)))
  return { ...Automerge.toJS(document), _id: id }
}

async function putMark(number, value) {
  for (;;) {
    const document = await database.get(ids[number])
    try {
      return await database.put({ ...document, [MARK]: value })
    } catch (error) {
      if (error.status !== CONFLICT) throw error
    }
  }
}

function follow() {
  if (feed) return
  feed = database.changes({ live: true, since: "now", include_docs: true })
  feed.on("change", change => watchers.forEach(watcher => watcher(change.doc)))
}

/** Waits until `isSo` is true of a changed document, or of this one as it is. */
function until(number, isSo) {
  return new Promise((resolve, reject) => {
    const look = document => {
      if (document._id !== ids[number] || !isSo(document)) return
      watchers.delete(look)
      resolve()
    }
    watchers.add(look)
    database.get(ids[number]).then(look, reject)
  })
}

hold({
  async seed(count) {
    for (let first = 0; first < count; first += SEEDED_AT_ONCE) {
      const length = Math.min(SEEDED_AT_ONCE, count - first)
      const written = await database.bulkDocs(Array.from({ length }, (_, at) => plain(first + at)))
      const refused = written.find(row => row.error)
      if (refused) throw new Error(JSON.stringify(refused))
    }
  },
  dial(address) {
    remote = new Stored(`http://${address}/db`, { skip_setup: true })
  },
  async pull(count) {
    const pulled = await Stored.replicate(remote, database, { batch_size: 100, batches_limit: 10 })
    if (pulled.docs_written !== count) throw new Error(`${pulled.docs_written} documents came`)
  },
  async sync(count) {
    const { pull } = await Stored.sync(database, remote)
    if (pull.docs_written !== count) throw new Error(`${pull.docs_written} documents came`)
  },
  live() {
    follow()
    Stored.sync(database, remote, { live: true, retry: true })
  },
  async touch(count, value) {
    for (let number = 0; number < count; number++) await putMark(number, value)
  },
  async watch(number, count, base) {
    follow()
    const seen = []
    const all = until(number, document => {
      const [now, value] = [nowUs(), document[MARK]]
      if (value >= base) seen.push([value - base, now])
      return value >= base + count - 1
    })
    sayWaiting()
    await all
    return { seen }
  },
  async edit(number, count, base, gapUs) {
    const sent = []
    for (let turn = 0; turn < count; turn++) {
      sent.push(nowUs())
      await putMark(number, base + turn)
      await sleep(gapUs / 1000)
    }
    return { sent }
  },
  async burst(documents, count, base) {
    for (let turn = 0; turn < count; turn++) await putMark(turn % documents, base + turn)
  },
  async await(documents, count, base) {
    follow()
    const waits = []
    for (let number = 0; number < Math.min(documents, count); number++) {
      const last = base + lastTurn(number, documents, count)
      waits.push(until(number, document => document[MARK] === last))
    }
    await Promise.all(waits)
  },
})
