// Health of the container: every service that runs in it says that it is ready. Without curl, which the image lacks.
const defaults = { 'control-plane': 4000, gateway: 4100, worker: 4200 };
const { GATEHOUSE_SERVICES: wanted = 'all' } = process.env;
const services = wanted === 'all' ? Object.keys(defaults) : wanted.split(',').map((name) => name.trim());

/** What is wrong with one service, or null. */
async function problemOf(name) {
  const port = process.env[`GATEHOUSE_${name.toUpperCase().replace('-', '_')}_PORT`] ?? defaults[name];
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(3_000) });
    return status === 200 ? null : `${name} answers ${status}`;
  } catch (error) {
    return `${name} does not answer on port ${port}: ${error.cause?.code ?? error.name}`;
  }
}

const problems = (await Promise.all(services.map(problemOf))).filter((problem) => problem !== null);
if (problems.length > 0) console.error(problems.join('\n'));
process.exitCode = problems.length > 0 ? 1 : 0;
