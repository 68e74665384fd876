// How phaki-bench talks with a node of another system: one command a line on standard input, one
// JSON line back on standard output when it is done. The commands are told in ../README.md.

import fs from "node:fs"
import readline from "node:readline"

/** The field that single edits and bursts set, as the workload of phaki-bench says. */
export const MARK = "mark"

/** What the program was started with: --store DIR --documents DIR --ids FILE [--listen ADDRESS] */
export function readArguments() {
  const option = name => {
    const at = process.argv.indexOf(name)
    return at < 0 ? undefined : process.argv[at + 1]
  }
  const store = option("--store")
  fs.mkdirSync(store, { recursive: true })
  return {
    store,
    documents: option("--documents"),
    ids: fs.readFileSync(option("--ids"), "utf8").trim().split("\n"),
    listen: option("--listen"),
  }
}

/** Microseconds since 1970, the clock of all answers. */
export function nowUs() {
  return Math.round((performance.timeOrigin + performance.now()) * 1000)
}

export function sleep(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

/** Says that a command that waits for others is waiting now. */
export function sayWaiting() {
  say({ waiting: true })
}

/** The number of the last change that a burst makes of a document, in turn over so many documents. */
export function lastTurn(number, documents, count) {
  return number + Math.floor((count - 1 - number) / documents) * documents
}

/**
 * Says that the node is ready, then carries out command after command: each is a function of its
 * arguments by its name, and what it returns goes into the answer.
 */
export function hold(commands) {
  process.on("uncaughtException", error => say({ warning: String(error?.stack ?? error) }))
  process.on("unhandledRejection", error => say({ warning: String(error?.stack ?? error) }))
  say({ ready: process.pid })
  let before = Promise.resolve()
  const input = readline.createInterface({ input: process.stdin })
  input.on("line", line => {
    before = before.then(() => carryOut(commands, line.trim().split(/\s+/)))
  })
  input.on("close", () => process.exit(0))
}

async function carryOut(commands, [name, ...words]) {
  if (name === "quit") process.exit(0)
  const begun_us = nowUs()
  const values = words.map(word => (/^\d+$/.test(word) ? Number(word) : word))
  let answer = {}
  try {
    if (!commands[name]) throw new Error(`this system has no command ${name}`)
    answer = (await commands[name](...values)) ?? {}
  } catch (error) {
    answer = { error: String(error?.stack ?? error) }
  }
  say({ ...answer, done: name, begun_us, ended_us: nowUs() })
}

function say(answer) {
  process.stdout.write(JSON.stringify(answer) + "\n")
}
