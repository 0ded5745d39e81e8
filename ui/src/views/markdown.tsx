import { Lexer, type Token, type Tokens } from 'marked';
import { Component, type ComponentChildren } from 'preact';
import { language, t } from '../i18n/index.ts';
import { CodeBlock } from './code_block.tsx';
import { safeAddress } from './safe_link.ts';

/**
 * Markdown as elements, never as HTML: tags in the text are shown as text, so nothing a model or a web page writes
 * can become markup. Blocks are remembered by their source; while text streams only the last one is drawn again.
 */
export function Markdown({ text }: { text: string }) {
  const blocks = Lexer.lex(text, { gfm: true, breaks: true });
  return (
    <div class="markdown" dir="auto">
      {blocks.map((block, index) => (block.type === 'space' || block.type === 'def' ? null : <MarkdownBlock key={index} source={block.raw} language={language.value} token={block} />))}
    </div>
  );
}

interface BlockProps {
  source: string;
  language: string;
  token: Token;
}

class MarkdownBlock extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps): boolean {
    return next.source !== this.props.source || next.language !== this.props.language;
  }

  override render() {
    return render(this.props.token, 0);
  }
}

function renderAll(tokens: Token[] | undefined): ComponentChildren {
  return tokens?.map((token, index) => render(token, index));
}

function render(token: Token, key: number): ComponentChildren {
  switch (token.type) {
    case 'heading': {
      // The page has its own first and second level.
      const Level = `h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as 'h3';
      return <Level key={key}>{renderAll(token.tokens)}</Level>;
    }
    case 'paragraph':
      return <p key={key}>{renderAll(token.tokens)}</p>;
    case 'blockquote':
      return <blockquote key={key}>{renderAll(token.tokens)}</blockquote>;
    case 'code':
      return <CodeBlock key={key} code={token.text} language={token.lang ?? ''} />;
    case 'hr':
      return <hr key={key} />;
    case 'list':
      return renderList(token as Tokens.List, key);
    case 'table':
      return renderTable(token as Tokens.Table, key);
    case 'strong':
      return <strong key={key}>{renderAll(token.tokens)}</strong>;
    case 'em':
      return <em key={key}>{renderAll(token.tokens)}</em>;
    case 'del':
      return <del key={key}>{renderAll(token.tokens)}</del>;
    case 'codespan':
      return <code key={key}>{token.text}</code>;
    case 'br':
      return <br key={key} />;
    case 'link':
      return renderLink(key, token.href, renderAll(token.tokens));
    case 'image':
      return renderLink(key, token.href, token.text ? t('markdown.image', { name: token.text }) : t('markdown.imageUnnamed'));
    case 'escape':
      return token.text;
    case 'checkbox':
    case 'def':
    case 'space':
      return null;
    case 'text':
      return token.tokens ? renderAll(token.tokens) : decodeEntities(token.text);
    default:
      // Raw HTML and whatever the library learns later: the source, as text.
      return token.raw;
  }
}

function renderLink(key: number, href: string, children: ComponentChildren): ComponentChildren {
  const address = safeAddress(href);
  if (!address) return <span key={key}>{children}</span>;
  return (
    <a key={key} href={address} title={address} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function renderList(list: Tokens.List, key: number): ComponentChildren {
  const items = list.items.map((item, index) => (
    <li key={index} class={item.task ? 'task' : undefined}>
      {item.task && (
        <span class="task-box" data-checked={item.checked ? 'true' : 'false'} role="img" aria-label={item.checked ? t('markdown.done') : t('markdown.open')} />
      )}
      {renderAll(item.tokens)}
    </li>
  ));
  return list.ordered ? (
    <ol key={key} start={typeof list.start === 'number' ? list.start : undefined}>
      {items}
    </ol>
  ) : (
    <ul key={key}>{items}</ul>
  );
}

function renderTable(table: Tokens.Table, key: number): ComponentChildren {
  const alignment = (index: number) => (table.align[index] ? `align-${table.align[index]}` : undefined);
  return (
    <div key={key} class="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {table.header.map((cell, index) => (
              <th key={index} scope="col" class={alignment(index)}>
                {renderAll(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, rowIndex) => (
            <tr key={rowIndex}>
              {row.map((cell, index) => (
                <td key={index} class={alignment(index)}>
                  {renderAll(cell.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// A text area holds text only, and gets nothing but the single entity.
const decoder = document.createElement('textarea');

function decodeEntities(text: string): string {
  return text.replace(/&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi, (entity) => {
    decoder.innerHTML = entity;
    return decoder.value;
  });
}
