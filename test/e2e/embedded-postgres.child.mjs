// Runs one embedded PostgreSQL for embedded-postgres.spec.ts, in a process that the test may kill.
// Prints one line of JSON: { url, ownerPid, ms } or { code, message }.
// Ends on SIGTERM, or with the test run, after an orderly stop.
import { startEmbeddedPostgres } from '../../dist/apps/server/src/embedded-postgres/start-embedded-postgres.js';

const started = performance.now();
const log = { debug: () => undefined, warn: () => undefined };
try {
  const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2], log });
  const stop = () =>
    postgres.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  process.on('SIGTERM', stop);
  // Standard input closes when the test run is gone, however it ended.
  process.stdin.on('end', stop).resume();
  process.stdout.write(
    `${JSON.stringify({ url: postgres.url, ownerPid: postgres.ownerPid, ms: performance.now() - started })}\n`,
  );
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`, () => process.exit(1));
}
