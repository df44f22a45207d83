import { DomainError } from '#kernel';
import { listenForChanges } from '#postgres';
import type { CatalogSnapshot } from './catalog-snapshot.js';
import { createCompiler } from './create-compiler.js';
import { readBatch, readPosition } from './read-batch.js';
import { startRefreshLoop } from './refresh-loop.js';
import type { ChangeListener, SnapshotSource, SnapshotSourceOptions } from './snapshot-source.js';

const channel = 'gatehouse_changes';
/** A network that swallows packets must not hold the loop; what it answers later is not used. */
const answerWithinMs = 30_000;
const maxPauseMs = 1_000;
const noAnswer = `The database did not answer within ${answerWithinMs} ms.`;

/**
 * Loads the catalogue and keeps it current: a notification or, every `sweepMs`, the question for the newest revision
 * leads to reading what changed since (ARCHITECTURE.md §3a). While the database is away the last snapshot stays in use
 * and `staleFor` grows.
 * @throws DomainError DATABASE_UNAVAILABLE and the like, when the first load fails
 */
export async function createSnapshotSource(options: SnapshotSourceOptions): Promise<SnapshotSource> {
  const { pool, clock, hash, log, sweepMs } = options;
  const listeners = new Set<ChangeListener>();
  let compiler = createCompiler({ clock, hash, oldestRevision: 0 });
  let confirmedAt = clock.now();
  let open = true;
  let failing = false;

  let abandon = (_reason: Error): void => undefined;
  /** One question at a time. */
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new DomainError('DATABASE_UNAVAILABLE', noAnswer)), answerWithinMs).unref();
      abandon = reject;
      void answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });

  const first = await ask(readBatch(pool, null));
  let position: number | null = first.position;
  let snapshot: CatalogSnapshot = compiler.compile(first).snapshot;

  const publish = (next: CatalogSnapshot): void => {
    const previous = snapshot;
    snapshot = next;
    for (const listener of listeners) {
      try {
        listener(next, previous);
      } catch (error) {
        log.warn({ err: error }, 'a listener of the snapshot failed');
      }
    }
  };

  const refresh = async (): Promise<void> => {
    // The moment of the question: the answer may be older than its arrival, never older than this.
    const askedAt = clock.now();
    const newest = await ask(readPosition(pool));
    if (newest !== position) {
      const batch = await ask(readBatch(pool, position));
      if (!open) return;
      try {
        const { snapshot: next, work } = compiler.compile(batch);
        position = batch.position;
        confirmedAt = askedAt;
        log.debug({ revision: next.revision, reloaded: batch.touched === 'everything', ...work }, 'snapshot refreshed');
        publish(next);
      } catch (error) {
        compiler = createCompiler({ clock, hash, oldestRevision: snapshot.revision });
        position = null;
        throw error;
      }
    }
    confirmedAt = askedAt;
    if (failing) log.info({ revision: snapshot.revision }, 'the snapshot is current again');
    failing = false;
  };

  const loop = startRefreshLoop({
    refresh,
    everyMs: sweepMs,
    maxPauseMs,
    onFailure: (error, failures) => {
      failing = true;
      // The first, second, fourth, eighth … of a row: a long outage must not fill a disk.
      if (!Number.isInteger(Math.log2(failures))) return;
      log.warn({ err: error, failures, staleForMs: clock.now() - confirmedAt }, 'the snapshot could not be refreshed');
    },
  });
  const listening = listenForChanges({
    connection: options.listen,
    channel,
    onNotify: () => loop.request(),
    onState: (state, cause) => {
      // Notifications may have been missed; and a database that just accepted a connection is worth asking.
      if (state === 'up') loop.requestNow();
      else log.warn({ err: cause }, 'lost the connection that announces changes; the sweep goes on');
    },
  });

  return {
    current: () => snapshot,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ready: () => open,
    staleFor: () => Math.max(0, clock.now() - confirmedAt),
    close: async () => {
      open = false;
      listeners.clear();
      const stopped = loop.stop();
      abandon(new Error('The snapshot source was closed.'));
      await Promise.all([listening.close(), stopped]);
    },
  };
}
