// Sends malformed and unusual MCP traffic to a started gateway and checks every answer (npm run fuzz).
// Usage: npm run fuzz [-- --count 100000] [--seed 7] [--only 1234]
import { parseArgs } from 'node:util';
import '../conformance/typescript-sources.mjs';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const { startFuzzWorld } = await import('./fuzz-world.js');
const { fuzz, mayGrow } = await import('./fuzz.js');
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const print = (line: string) => void process.stdout.write(`${line}\n`);
print(`seed ${seed}`);
await using world = await startFuzzWorld(null);
const only = values.only === undefined ? undefined : Number(values.only);
const report = await fuzz(world, { seed, count: Number(values.count), only, log: print });
const mib = report.memory.map((bytes) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`);
print(
  `${report.sent} messages in ${Math.round(report.ms / 1000)} s, memory ${mib.join(' → ')}, answers ${JSON.stringify(report.statuses)}`,
);
for (const failure of report.failures) print(`FAILED: ${failure}`);
const allowed = mayGrow(report.sent);
const grown = report.memory[1] - report.memory[0] > allowed;
if (grown) print(`FAILED: the second half of the messages left more than ${Math.round(allowed / 1024)} KiB behind`);
process.exitCode = report.failures.length > 0 || grown ? 1 : 0;
