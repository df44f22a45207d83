// Verifies that the programs which the tests start are installed. Runs on Node 20, before `npm ci` has brought Node 24.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Part name = Debian package that carries it; `programs` are names on PATH or absolute paths. */
const testParts = {
  'redis-server': ['redis-server'],
  'postgresql-15': ['/usr/lib/postgresql/15/bin/postgres', '/usr/lib/postgresql/15/bin/initdb'],
  chromium: ['chromium'],
  openssl: ['openssl'],
};

/** True when the program can be executed: an absolute path, or a name found on `searchPath`. */
function isExecutable(program, searchPath) {
  const candidates = path.isAbsolute(program)
    ? [program]
    : searchPath
        .split(path.delimiter)
        .filter(Boolean)
        .map((folder) => path.join(folder, program));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The parts that are not installed, by package name. */
function missingParts(searchPath = '') {
  return Object.entries(testParts)
    .filter(([, programs]) => !programs.every((program) => isExecutable(program, searchPath)))
    .map(([name]) => name);
}

/** The one line that installs the given packages. */
const installLine = (packages) => `apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/**
 * Decides whether the tests may start.
 * @returns {{ ok: boolean, lines: string[] }} what to print, and whether to go on
 */
function judge(env) {
  const without = (env.GATEHOUSE_TEST_WITHOUT ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (without.length > 0 && env.CI === 'true')
    return { ok: false, lines: ['GATEHOUSE_TEST_WITHOUT is set, but CI tests everything: remove it.'] };
  const unknown = without.filter((name) => !(name in testParts));
  if (unknown.length > 0)
    return {
      ok: false,
      lines: [
        `GATEHOUSE_TEST_WITHOUT names ${unknown.join(', ')}; the parts are ${Object.keys(testParts).join(', ')}.`,
      ],
    };
  const needed = missingParts(env.PATH).filter((name) => !without.includes(name));
  if (needed.length > 0)
    return {
      ok: false,
      lines: [
        `The tests need programs that are not installed: ${needed.join(', ')}. Install them with`,
        installLine(needed),
        `or leave their tests out with GATEHOUSE_TEST_WITHOUT=${[...without, ...needed].join(',')}`,
      ],
    };
  return { ok: true, lines: without.length > 0 ? [`Tests left out on request: ${without.join(', ')}.`] : [] };
}

if (process.argv.includes('--missing')) {
  // For .ci/run: the packages to install, on one line, nothing when all are there.
  process.stdout.write(missingParts(process.env.PATH).join(' '));
} else {
  const { ok, lines } = judge(process.env);
  for (const line of lines) console.error(line);
  process.exitCode = ok ? 0 : 1;
}
