import { mixAudit } from './audit.js';
import { mixA, mixB, mixD, mixE, mixSdk } from './calls.js';
import { mixI } from './denials.js';
import { mixH } from './eras.js';
import { mixGrowth } from './growth.js';
import { mixC } from './lists.js';
import type { Bench, MixResult } from './mix.js';
import type { MixName } from './mix-names.js';
import { mixG } from './overload.js';
import { mixPeers } from './peers.js';
import { mixProcesses } from './processes.js';
import { mixF } from './sessions.js';

/** Every part of the benchmark by its name on the command line. */
export const mixes: Readonly<Record<MixName, (bench: Bench) => Promise<MixResult>>> = {
  A: mixA,
  B: mixB,
  C: mixC,
  D: mixD,
  E: mixE,
  F: mixF,
  G: mixG,
  H: mixH,
  I: mixI,
  audit: mixAudit,
  processes: mixProcesses,
  growth: mixGrowth,
  sdk: mixSdk,
  peers: mixPeers,
};
