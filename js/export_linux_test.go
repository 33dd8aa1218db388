package js

// LeaveFiles makes leaveFiles visible to the tests.
var LeaveFiles = leaveFiles
