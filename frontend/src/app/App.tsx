import { SignInScreen } from "@/features/account/SignInScreen";
import { session } from "@/shared/session/session";
import { useStore } from "@/shared/store";
import { Boundary } from "@/shared/ui/Boundary";
import { Toasts } from "@/shared/ui/Toasts";

import { Broken } from "./Broken";
import { Screen } from "./Screen";
import { Starting } from "./Starting";
import { useHeadingOnArrival } from "./useHeadingOnArrival";

export function App() {
  const state = useStore(session.state);
  useHeadingOnArrival(state.name);
  return (
    <Boundary fallback={<Broken />}>
      {state.name === "starting" && <Starting problem={state.problem} />}
      {state.name === "signed-out" && <SignInScreen notice={state.notice} />}
      {state.name === "signed-in" && <Screen key={state.user.id} user={state.user} />}
      <Toasts />
    </Boundary>
  );
}
