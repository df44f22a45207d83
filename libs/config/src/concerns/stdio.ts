import { bytes, concern, duration, int, setting } from '../setting.js';
import { stdioCommands } from '../stdio-commands.js';

/** Upstreams that run as child processes. */
export const stdio = concern('stdio upstreams', {
  commands: setting({
    env: 'GATEHOUSE_STDIO_COMMANDS',
    schema: stdioCommands(),
    description:
      'A JSON file with the programs that stdio upstreams may name: `{ "<name>": { "command": "…", "args": [], "env": {}, "cwd": "…" } }`. They run without a shell, with no other variables than these and `PATH`, `HOME` and the like. Default: none.',
  }),
  maxChildren: setting({
    env: 'GATEHOUSE_STDIO_MAX_CHILDREN',
    schema: int(1, 10_000),
    default: '32',
    description: 'Child processes of one upstream per process of Gatehouse.',
  }),
  maxChildrenPerUser: setting({
    env: 'GATEHOUSE_STDIO_MAX_CHILDREN_PER_USER',
    schema: int(1, 10_000),
    default: '8',
    description:
      'Of these, child processes of one user with all tokens; in any case one less than there may be, so that no user has them all.',
  }),
  idle: setting({
    env: 'GATEHOUSE_STDIO_IDLE',
    schema: duration(100, 86_400_000),
    default: '5m',
    description: 'A child process without calls for so long is stopped.',
  }),
  killGrace: setting({
    env: 'GATEHOUSE_STDIO_KILL_GRACE',
    schema: duration(10, 60_000),
    default: '3s',
    description: 'How long a child process may take to end after SIGTERM before it and its own children are killed.',
  }),
  stderrBytes: setting({
    env: 'GATEHOUSE_STDIO_STDERR_BYTES',
    schema: bytes(0, 16 * 1024 ** 2),
    default: '16KiB',
    description: 'How much of the end of what a child process wrote to stderr is kept for the log (level debug).',
  }),
});
