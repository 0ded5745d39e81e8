import { call } from './gateway.ts';

/** Splits "MEDIA:path" lines out of an answer; those inside of code fences are words. The gateway reads them the same way. */
export function splitMedia(text: string): { words: string; files: string[] } {
  if (!text.includes('MEDIA:')) return { words: text, files: [] };
  const files: string[] = [];
  let fenced = false;
  const words = text.split('\n').filter((line) => {
    if (line.trim().startsWith('```')) fenced = !fenced;
    if (fenced || !line.startsWith('MEDIA:') || files.length >= 10) return true;
    const path = line.slice(6).trim().replace(/^([`"])(.*)\1$/, '$2');
    if (path) files.push(path);
    return !path;
  });
  return { words: words.join('\n'), files };
}

export interface MediaFile {
  name: string;
  /** An address for this page alone; whoever asked gives it back with URL.revokeObjectURL. */
  address: string;
  isPicture: boolean;
}

interface MediaAnswer {
  fileName: string;
  mimeType: string;
  content: string;
}

export async function fetchMedia(sessionKey: string, path: string): Promise<MediaFile> {
  const file = await call<MediaAnswer>('chat.media', { sessionKey, path });
  const bytes = Uint8Array.from(atob(file.content), (character) => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: file.mimeType }));
  return { name: file.fileName, address, isPicture: file.mimeType.startsWith('image/') };
}
