/** @file The tables as Kysely sees them. JSON columns are text written by `encodeJson`; times are milliseconds since the epoch. */
import type { Generated } from "kysely";

/** One row: a database holds one study. */
export interface StudiesTable {
  readonly id: number;
  readonly name: string;
  readonly created_ms: number;
  readonly config: string;
  readonly version: string;
  readonly elapsed_ms: number;
}

export interface TrialsTable {
  readonly number: number;
  readonly proposal: string;
  readonly state: string;
  readonly objective_values: string | null;
  readonly metrics: string;
  readonly reason: string | null;
  readonly canonical_id: string;
  readonly duplicate_of: number | null;
  readonly result_key: string;
  readonly seed: number;
  readonly attempts: number;
  readonly started_ms: number;
  readonly finished_ms: number | null;
}

export interface StepsTable {
  readonly trial: number;
  readonly attempt: number;
  readonly step: number;
  readonly objective_values: string;
  readonly metrics: string;
}

/** What the controller was told, in order. What a trial was asked or measured stands in `trials`, once. */
export interface EventsTable {
  readonly place: Generated<number>;
  readonly kind: string;
  readonly trial: number;
}

export interface RetrainsTable {
  readonly trial: number;
  readonly epochs: number;
  readonly seed: number;
  readonly state: string;
  readonly objective_values: string | null;
  readonly metrics: string;
  readonly reason: string | null;
}

/** Facts about the file itself, and what is rare. `holder`: the process that writes, for the message of one that may not. `baseline/…`: a training of a baseline. */
export interface MetaTable {
  readonly key: string;
  readonly value: string;
}

export interface StudyDatabase {
  readonly studies: StudiesTable;
  readonly trials: TrialsTable;
  readonly steps: StepsTable;
  readonly events: EventsTable;
  readonly retrains: RetrainsTable;
  readonly meta: MetaTable;
}
