export default function Page() {
  return (
    <p>POST /api/articles/42/summary, as often and from as many places as you like: it is written once an hour.</p>
  );
}
