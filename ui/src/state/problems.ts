import { signal } from '@preact/signals';
import { explain, type Explanation } from './explain.ts';

/** The last failure of something that has no place of its own on the page. */
export const problem = signal<Explanation | undefined>(undefined);

export function report(error: unknown): void {
  problem.value = explain(error);
}

export function clearProblem(): void {
  problem.value = undefined;
}
