package gitlabsim

import "slices"

func getApprovals(c *call, m *mergeRequest) (*reply, error) {
	by := []object{}
	for _, u := range m.approvedBy {
		by = append(by, object{"user": c.s.userWire(u)})
	}
	return ok(object{"id": m.id, "iid": m.iid, "project_id": c.p.id, "approved": len(by) >= max(c.p.approvals, 1), "approvals_required": c.p.approvals, "approvals_left": max(c.p.approvals-len(by), 0), "approved_by": by})
}

// Approve approves a merge request.
func (p *Project) Approve(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		if p.level(u) < Developer || m.state != "opened" || slices.Contains(m.approvedBy, u) {
			return refuse(401, "401 Unauthorized")
		}
		m.approvedBy = append(m.approvedBy, u)
		p.systemNote(u, &m.noteable, "approved this merge request")
		return nil
	})
}

// Unapprove takes an approval back.
func (p *Project) Unapprove(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		m.approvedBy = slices.DeleteFunc(m.approvedBy, func(o *user) bool { return o == u })
		p.systemNote(u, &m.noteable, "unapproved this merge request")
		return nil
	})
}
