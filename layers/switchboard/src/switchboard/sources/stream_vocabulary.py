"""The fields that 8x8 documents of its stream: one that comes for the first time is not news.

https://developer.8x8.com/actions-events/docs/streaming/field-reference
"""

_FIELDS = """
    agentGUID agentId agentNotes agentPhone agentRscWaitTime agentTreatedPhone
    allowAgentOverrideInteractionRecording attached callHangupReason callState callerPermission
    direction dispositionCode emailSourceAddress enabled event eventTS hangupInitiator
    inboundChannelid interactionEventTS interactionGUID isAPICall isAgentInitiated isDirectAccess
    isExternal isOutboundCall isQueued mediaType msgInfo msgInfo.instanceId msgInfo.sequenceId
    msgInfo.timestamp newReasonCodeUser newState newSubState newSubStateReason outboundCampaignid
    overrideAutoInteractionRecording participatingAgents priority promptingTimeout queueId
    queueList queueTime recordingMode rejectReason resourceType skillId status statusEventTS
    tclSelectedItems tenantSkillId transactionNum
"""

_ATTACHED = """
    @pri aAgtCallRec agtCallRec agtInitVR callAnsweredTenantTT callAnsweredTime callDuration
    callDurationSec callHangupTenantTT callHangupTime callerId callerPerm callingName campId
    campName carrierCallBlockingCheck cha chaletChat chaletRoom channelId channelName cnt con
    createInteractionTimestampNanos ctl_transType ctl_userdata customerLanguage destType dialMode
    ema extRecordId extRecordType extTransactionData extTransactionDataID externalUserData med nam
    oqu originalInteractionGuid originalTokenId originalTransactionId otim outboundTclItemId
    outboundTclListId outboundTclShortCode pcsOffered pho phoneList phoneNum
    phoneQueueInteractionStartTime previewTimeout priority que queueDirection record_phone_index
    rejectOnPreviewTimeout remoteCallingName remotePhoneNum retry_count schema_user sessionId
    showSkipButton tclSelectedItems tenantName tenantRecServer tenantSkillName tim timezoneOffset
    tok type vRecP waitTime
"""

DOCUMENTED = frozenset({*_FIELDS.split(), *(f"attached.{name}" for name in _ATTACHED.split())})
"""Their paths, as a fingerprint has them."""
