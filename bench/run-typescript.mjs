// Lets Node 24 run the TypeScript below bench/ as it stands: `.js` in a relative import means the `.ts` beside it, as it
// does for the compiler. Usage: node --import ./bench/run-typescript.mjs bench/main.ts
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const ours = specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.includes('/bench/');
    return next(
      ours && !context.parentURL.includes('/node_modules/') ? specifier.replace(/js$/, 'ts') : specifier,
      context,
    );
  },
});
