// Package intake decides what becomes of a report: an incident, nothing (the
// address is exempt, or our own, or the event is long over), or a refusal that
// says which field was wrong, what stood there and what to do.
//
// Every front that takes reports uses it, so that the same words mean the same
// whether they come as JSON, as a form or in a format of another tool. A
// [Report] therefore carries what the reporter wrote, as text. [Intake.Submit]
// weighs reports against the policy, the caller's rights and the exemptions,
// and records what is left. [Intake.Amend] changes or withdraws an incident,
// [Intake.WithdrawOwn] all that the caller said of an address.
package intake
