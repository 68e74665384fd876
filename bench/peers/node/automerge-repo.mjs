// A node of @automerge/automerge-repo over WebSocket and its storage in files.

import * as Automerge from "@automerge/automerge"
import { Repo } from "@automerge/automerge-repo"
import {
  WebSocketClientAdapter,
  WebSocketServerAdapter,
} from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"
import { MARK, hold, lastTurn, nowUs, readArguments, sayWaiting, sleep } from "./conversation.mjs"

/** Documents that are asked for at a time: with 256 it never ends at 10,000. */
const AT_ONCE = 64
const RETRY_MS = 100
/** After so many changes of a burst the other tasks get a turn. */
const BURST_TURN = 64

const { store, ids, listen } = readArguments()
const repo = new Repo(configuration())
const open = new Map()

function configuration() {
  const storage = new NodeFSStorageAdapter(store)
  if (!listen) return { storage, network: [], peerId: `client-${process.pid}` }
  const [host, port] = listen.split(":")
  const socket = new WebSocketServer({ host, port: Number(port) })
  // As its makers' sync server: it announces nothing, it answers what is asked.
  const sharePolicy = async () => false
  return { storage, network: [new WebSocketServerAdapter(socket)], peerId: "server", sharePolicy }
}

/** Waits until a document is as asked. */
function until(document, isSo) {
  return new Promise(resolve => {
    if (isSo(document.doc())) return resolve()
    const look = () => {
      if (!isSo(document.doc())) return
      document.off("change", look)
      resolve()
    }
    document.on("change", look)
  })
}

function putMark(number, value) {
  open.get(number).change(document => {
    document[MARK] = value
  })
}

/** Gets the first documents, from the disk or from the other, until each is readable. */
async function find(count) {
  let next = 0
  const worker = async () => {
    while (next < count) {
      const number = next++
      const document = await repo.find(`automerge:${ids[number]}`)
      open.set(number, document)
      await until(document, held => held?.plan_id !== undefined)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
}

hold({
  async dial(address) {
    const adapter = new WebSocketClientAdapter(`ws://${address}`, RETRY_MS)
    const linked = new Promise(resolve => adapter.once("peer-candidate", resolve))
    repo.networkSubsystem.addNetworkAdapter(adapter)
    await linked
  },
  open: find,
  pull: find,
  touch(count, value) {
    for (let number = 0; number < count; number++) putMark(number, value)
  },
  async seen(count, value) {
    for (let number = 0; number < count; number++)
      await until(open.get(number), held => held[MARK] === value)
  },
  async watch(number, count, base) {
    const document = open.get(number)
    const seen = []
    const all = until(document, held => {
      const [now, value] = [nowUs(), held[MARK]]
      if (value >= base) seen.push([value - base, now])
      return value === base + count - 1
    })
    sayWaiting()
    await all
    return { seen }
  },
  async edit(number, count, base, gapUs) {
    const sent = []
    for (let turn = 0; turn < count; turn++) {
      sent.push(nowUs())
      putMark(number, base + turn)
      await sleep(gapUs / 1000)
    }
    return { sent }
  },
  async burst(documents, count, base) {
    for (let turn = 0; turn < count; turn++) {
      putMark(turn % documents, base + turn)
      if (turn % BURST_TURN === BURST_TURN - 1) await new Promise(setImmediate)
    }
  },
  async await(documents, count, base) {
    for (let number = 0; number < Math.min(documents, count); number++) {
      const last = base + lastTurn(number, documents, count)
      await until(open.get(number), held => held[MARK] === last)
    }
  },
  history(number, count) {
    return until(open.get(number), held => Automerge.stats(held).numChanges >= count)
  },
})
