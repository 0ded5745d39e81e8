/** What travels over the socket, as far as WebChat looks at it. Unknown events and fields are ignored. */

export interface ErrorBody {
  code?: string;
  message?: string;
  details?: { code?: string; hint?: string };
  retryable?: boolean;
  retryAfterMs?: number;
}

export interface ResponseFrame {
  type: 'res';
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: ErrorBody;
}

export interface EventFrame {
  type: 'event';
  event: string;
  payload?: unknown;
  seq?: number;
}

export interface Hello {
  protocol: number;
  server?: { version?: string; connId?: string };
  features?: { methods?: string[]; events?: string[] };
  snapshot?: { sessionDefaults?: { defaultAgentId?: string; mainKey?: string; mainSessionKey?: string } };
  policy?: { tickIntervalMs?: number; maxPayload?: number; attachments?: { maxBytes?: number } };
}

export type Block =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string }
  | { type: 'toolCall'; id: string; name: string; arguments?: unknown }
  | { type: string; [key: string]: unknown };

export interface Usage {
  input?: number;
  output?: number;
  totalTokens?: number;
  cost?: { total?: number };
  costMicroUsd?: number;
}

export interface Message {
  role: 'user' | 'assistant' | 'toolResult' | 'system';
  content: Block[] | string;
  timestamp?: number;
  id?: string;
  runId?: string;
  stopReason?: string;
  errorMessage?: string;
  errorHint?: string;
  retryable?: boolean;
  usage?: Usage;
  model?: string;
  provider?: string;
  toolCallId?: string;
  toolName?: string;
  isError?: boolean;
  details?: unknown;
}

export interface History {
  sessionKey: string;
  sessionId?: string;
  thinkingLevel?: string;
  messages: Message[];
  /** Runs that have not ended; optional, see README. */
  activeRuns?: { runId: string }[];
}

export interface ChatEvent {
  runId: string;
  sessionKey: string;
  seq?: number;
  state: 'delta' | 'final' | 'aborted' | 'error' | string;
  message?: Message;
  deltaText?: string;
  replace?: boolean;
  errorMessage?: string;
  errorHint?: string;
  retryable?: boolean;
  stopReason?: string;
  usage?: Usage;
}

export interface ToolOutput {
  content?: Block[] | string;
  details?: unknown;
}

export interface AgentEvent {
  runId: string;
  sessionKey: string;
  seq?: number;
  stream: string;
  data: {
    phase?: string;
    text?: string;
    delta?: string;
    name?: string;
    toolCallId?: string;
    args?: unknown;
    partialResult?: ToolOutput;
    result?: ToolOutput;
    isError?: boolean;
    meta?: string;
    error?: string;
  };
  ts?: number;
}

export interface SessionRow {
  key: string;
  label?: string;
  displayName?: string;
  derivedTitle?: string;
  lastMessagePreview?: string;
  updatedAt?: number;
  sessionId?: string;
  thinkingLevel?: string;
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  costMicroUsd?: number;
  modelProvider?: string;
  model?: string;
  contextTokens?: number;
}

export interface SessionList {
  count?: number;
  defaults?: { modelProvider?: string; model?: string; contextTokens?: number };
  sessions: SessionRow[];
}

export interface ModelRow {
  id: string;
  name?: string;
  provider: string;
  contextWindow?: number;
  reasoning?: boolean;
}

export type ModelState = 'ready' | 'starting' | 'downloading' | 'needs-consent' | 'unavailable';

export interface ModelsStatus {
  current: {
    ref?: string;
    source?: string;
    state: ModelState | string;
    message?: string;
    hint?: string;
    progress?: { doneBytes?: number; totalBytes?: number };
  };
  embedded?: {
    name?: string;
    engine?: string;
    sizeBytes?: number;
    license?: string;
    licenseUrl?: string;
    licenseText?: string;
    state?: string;
  };
}

export type Decision = 'allow-once' | 'allow-always' | 'deny';

export interface Approval {
  id: string;
  request: {
    command?: string;
    argv?: string[];
    cwd?: string;
    host?: string;
    agentId?: string;
    sessionKey?: string;
    resolvedPath?: string;
    tool?: string;
    reason?: string;
  };
  createdAtMs?: number;
  expiresAtMs?: number;
}
