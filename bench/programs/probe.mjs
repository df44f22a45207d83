// Preloaded into a measured process (NODE_OPTIONS=--import): collects garbage and tells its memory, and records CPU
// profiles, each when asked by message. Does nothing by itself.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let session = null;

async function answer({ probe, file }) {
  if (probe === 'memory') {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    for (let round = 0; round < 4; round += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return process.memoryUsage();
  }
  if (probe === 'profile-start') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 1000 });
    await session.post('Profiler.start');
    return null;
  }
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(file, JSON.stringify(profile));
  session.disconnect();
  return null;
}

process.on('message', (message) => {
  if (typeof message?.probe !== 'string') return;
  answer(message).then(
    (value) => process.send({ type: 'probe', probe: message.probe, value }),
    (error) => process.emitWarning(error),
  );
});
// Listening for messages must not keep the process alive.
process.channel?.unref();
