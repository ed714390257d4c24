import { Refusal } from "../../errors/Refusal.ts";

/** Runs `work` while no other process, and no other caller in this one, runs work under the same lock. */
export type FileLock = <T>(work: () => Promise<T>) => Promise<T>;

/** Who holds a lock. `token` is new each time, `started` tells a process from a later one with the same number. */
type Holder = { token: string; host: string; pid: number; started: string };

/**
 * A lock between processes of one machine: a file that only one of them can create. If its holder died, another one
 * takes over; two never do so at once, because who removes the lock of a dead holder is itself decided by creating a
 * file, named for that very lock.
 *
 * By hand, as `proper-lockfile` judges a holder by the age of its file: a process that was suspended for ten seconds (a
 * laptop's lid, a debugger, SIGSTOP) loses the lock while it believes to hold it, and two sign for one slot (tried with
 * 4.1.2). Here a holder loses it by dying alone.
 *
 * @param path - of the lock file; its folder must exist
 * @param patience - milliseconds to wait for it
 * @throws {Refusal} STORE after that time, with the holder in `details`. A lock held on another host
 * (containers that share a folder) is waited for, but never taken over: from here nobody can tell whether it is dead.
 */
export function fileLock(path: string, patience: number): FileLock {
  let queue: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = queue.then(async () => {
      const token = await acquire(path, patience);
      try {
        return await work();
      } finally {
        await remove(path, token);
      }
    });
    queue = turn.catch(() => {});
    return turn;
  };
}

async function acquire(path: string, patience: number): Promise<string> {
  const deadline = Date.now() + patience;
  const token = globalThis.crypto.randomUUID();
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    if (await createHolder(path, token)) return token;
    const holder = await readHolder(path);
    if (holder && (await isDead(holder))) await takeDown(path, holder);
    else if (Date.now() > deadline) throw stuck(path, holder);
    else await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
}

/** Whether this process is now named in the file: false if another one is. */
async function createHolder(path: string, token: string): Promise<boolean> {
  const { link, rm, writeFile } = await import("node:fs/promises");
  const { hostname } = await import("node:os");
  const holder: Holder = {
    token,
    host: hostname(),
    pid: process.pid,
    started: (await startOf(process.pid)) ?? "",
  };
  // Written first and linked then, so that a lock is never seen without its holder.
  const draft = `${path}.${globalThis.crypto.randomUUID()}.draft`;
  try {
    await writeFile(draft, JSON.stringify(holder), { flag: "wx", mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new Refusal({
      code: "STORE",
      shortMessage: `The lock ${path} cannot be created.`,
      metaMessages: ["Its folder must exist and be writable, on a file system with hard links."],
      details: { path },
      cause,
    });
  } finally {
    await rm(draft, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const { readFile } = await import("node:fs/promises");
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    // Gone in the meantime, or not ours to understand: wait for it, in the second case in vain.
    return undefined;
  }
}

/** Removes the lock of a dead holder, unless another process is at it. */
async function takeDown(path: string, dead: Holder): Promise<void> {
  const licence = `${path}.${dead.token}`;
  const token = globalThis.crypto.randomUUID();
  if (await createHolder(licence, token)) {
    // Only the one licence holder removes this lock, so it cannot be a newer one by now.
    if ((await readHolder(path))?.token === dead.token) await remove(path, dead.token);
    await remove(licence, token);
    return;
  }
  const other = await readHolder(licence);
  if (other && (await isDead(other))) await takeDown(licence, other);
}

async function remove(path: string, token: string): Promise<void> {
  const { rm } = await import("node:fs/promises");
  if ((await readHolder(path))?.token === token) await rm(path, { force: true });
}

async function isDead(holder: Holder): Promise<boolean> {
  const { hostname } = await import("node:os");
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const started = await startOf(holder.pid);
  return started !== undefined && holder.started !== "" && started !== holder.started;
}

/**
 * When a process started, as Linux tells it; undefined elsewhere. A number alone may have been given out again. A
 * process that has ended and waits for its parent to notice is "over".
 */
async function startOf(pid: number): Promise<string | undefined> {
  const { readFile } = await import("node:fs/promises");
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything: count fields from behind it. Field 22 of the whole is the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "over" : fields[19];
  } catch {
    return undefined;
  }
}

const stuck = (path: string, holder: Holder | undefined) =>
  new Refusal({
    code: "STORE",
    shortMessage: `The lock ${path} was not released in time.`,
    metaMessages: [
      holder
        ? `Process ${holder.pid} on ${holder.host} holds it. If it no longer runs, delete the file.`
        : "Its holder is unknown. If no agent is running, delete the file.",
    ],
    details: { path, ...holder },
  });
