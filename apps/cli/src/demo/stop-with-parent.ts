// Loaded into the demo's children with `--import`: when the demo ends in whatever way, even by SIGKILL, its channel
// closes and they stop in order instead of running on unseen.
import process from 'node:process';

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Listening for the end must not keep a child alive that is done.
process.channel?.unref();
