"""
The few pages that must work before the console does, and without JavaScript: signing in, links, one's own account.

Every value gets into a page by `page.fill`, which escapes; every form shows that a page of ours sent it.
"""
