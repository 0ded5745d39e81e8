import { signal } from '@preact/signals';

/** A file that goes with a message; `content` is base64. */
export interface Attachment {
  name: string;
  type: string;
  content: string;
}

/** A file as a message shows it: a picture has an address, others only a name. */
export interface ShownFile {
  name: string;
  picture?: string;
}

export const mostAttachments = 10;
/** What the gateway takes with one message; it says so when it greets. */
export const attachmentBytes = signal(19_464_192);

const pictureTypes = /^image\/(png|jpeg|gif|webp)$/;

export function shown(attachment: Attachment): ShownFile {
  const picture = pictureTypes.test(attachment.type) ? `data:${attachment.type};base64,${attachment.content}` : undefined;
  return { name: attachment.name, picture };
}

/** Reads files up to what still fits beside `already`; the others are named. */
export async function readFiles(files: File[], already: Attachment[]): Promise<{ taken: Attachment[]; refused: string[] }> {
  const taken: Attachment[] = [];
  const refused: string[] = [];
  let room = attachmentBytes.value - already.reduce((sum, each) => sum + bytesOf(each), 0);
  for (const file of files) {
    if (already.length + taken.length >= mostAttachments || file.size > room || file.size === 0) {
      refused.push(file.name);
      continue;
    }
    room -= file.size;
    taken.push({ name: file.name, type: file.type || 'application/octet-stream', content: await base64Of(file) });
  }
  return { taken, refused };
}

function bytesOf(attachment: Attachment): number {
  return Math.floor((attachment.content.length * 3) / 4);
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(',', 2)[1] ?? '');
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

const fileLine = /^<media:(\w+)> media\/inbound\/\S+ \((.*), \d+ bytes\)$/;

/** The gateway names kept files in lines at the end of a message; here they become files again. */
export function withoutFileLines(text: string): { text: string; files: { name: string; isPicture: boolean }[] } {
  const lines = text.split('\n');
  const files: { name: string; isPicture: boolean }[] = [];
  while (lines.length > 0) {
    const match = fileLine.exec(lines[lines.length - 1]!);
    if (!match) break;
    files.unshift({ name: match[2]!, isPicture: match[1] === 'image' });
    lines.pop();
  }
  return { text: lines.join('\n'), files };
}
