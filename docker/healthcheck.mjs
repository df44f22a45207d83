// Health of the container: every service that runs in it says that it is ready. Without curl, which the image lacks,
// and without fetch, which refuses some ports (6000, for example) that a service may well have.
import { get } from 'node:http';

const defaults = { 'control-plane': 4000, gateway: 4100, worker: 4200 };
const { GATEHOUSE_SERVICES: wanted = 'all' } = process.env;
const services = wanted === 'all' ? Object.keys(defaults) : wanted.split(',').map((name) => name.trim());

/** What is wrong with one service, or null. */
function problemOf(name) {
  const port = process.env[`GATEHOUSE_${name.toUpperCase().replace('-', '_')}_PORT`] ?? defaults[name];
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 3_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? null : `${name} answers ${response.statusCode}`);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(`${name} does not answer on port ${port}: ${error.code ?? error.message}`));
  });
}

const problems = (await Promise.all(services.map(problemOf))).filter((problem) => problem !== null);
if (problems.length > 0) console.error(problems.join('\n'));
process.exitCode = problems.length > 0 ? 1 : 0;
