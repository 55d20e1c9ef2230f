import { type ChildProcess, fork } from 'node:child_process'

/** A process of a bench. */
export interface Child<Message> {
  /** The first message it sends; rejects when it ends without one, or sends none in time. */
  readonly answer: Promise<Message>
  /** Rejects when it ends. */
  readonly ended: Promise<never>
  stop(): void
}

/** What a process is started with. */
export interface ChildOptions {
  readonly entry: URL
  /** Sent to it at once. */
  readonly input: unknown
  readonly env?: NodeJS.ProcessEnv
  readonly limitMs: number
}

/** Starts one as this one was started (conditions, loader). It ends with this one: its channel closes. */
export function startChild<Message>({ entry, input, env = {}, limitMs }: ChildOptions): Child<Message> {
  const child = fork(entry, { execArgv: process.execArgv, env: { ...process.env, ...env }, serialization: 'json' })
  child.send(input as object)
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${shown(entry)} ended with ${signal ?? code}`)))
  })
  ended.catch(() => {}) // an end is expected of most
  return {
    answer: Promise.race([firstMessage<Message>(child, shown(entry), limitMs), ended]),
    ended,
    stop: () => child.kill('SIGKILL'),
  }
}

/** Runs one for its answer. */
export async function answerOfChild<Message>(options: ChildOptions): Promise<Message> {
  const child = startChild<Message>(options)
  try {
    return await child.answer
  } finally {
    child.stop()
  }
}

function firstMessage<Message>(child: ChildProcess, name: string, limitMs: number): Promise<Message> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, limitMs, new Error(`${name}: no answer in ${limitMs / 1000} s`))
    child.once('exit', () => clearTimeout(timer))
    child.once('message', (message) => {
      clearTimeout(timer)
      resolve(message as Message)
    })
  })
}

function shown(entry: URL): string {
  return entry.pathname.slice(entry.pathname.lastIndexOf('/') + 1)
}

/** In a child: the input, once. */
export function inputFromParent<Input>(): Promise<Input> {
  process.once('disconnect', () => process.exit())
  return new Promise((resolve) => {
    process.once('message', (input) => resolve(input as Input))
  })
}

/** In a child: the answer, and the end, whatever is still open. */
export function answerToParent(answer: unknown): void {
  process.send?.(answer as object, undefined, undefined, () => process.exit())
}
