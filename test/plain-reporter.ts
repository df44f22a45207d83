import type { Reporter, TestModule } from 'vitest/node';

/** Closes with one plain line ("N passed, N failed, N skipped"), which CI readers can count. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    // A file that fails to load, or whose hook fails, has no failed test of its own.
    let broken = 0;
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      if (module.state() === 'failed' && !states.includes('failed')) broken++;
      for (const state of states) count[state]++;
    }
    const line = `${count.passed} passed, ${count.failed + broken} failed, ${count.skipped + count.pending} skipped`;
    setImmediate(() => console.log(`\n${line}`));
  }
}
