type Callback = (isVisible: boolean) => void;

const callbacks = new WeakMap<Element, Callback>();
let observer: IntersectionObserver | null = null;

/** One observer for all rows: tells an element when it scrolls into sight and out of it. */
export function onVisibility(element: Element, callback: Callback): () => void {
  if (typeof IntersectionObserver === "undefined") {
    callback(true);
    return () => callback(false);
  }
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) callbacks.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: "80px" },
  );
  const shared = observer;
  callbacks.set(element, callback);
  shared.observe(element);
  return () => {
    shared.unobserve(element);
    callbacks.delete(element);
    callback(false);
  };
}
